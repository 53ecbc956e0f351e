// What a failed npm run means, in one sentence for the person who wrote the manifest. npm's own text is never passed on: it may name a proxy
// with its password or a private registry. Pure.
export interface NpmFault {
  readonly message: string
  /** trying again later may help */
  readonly transient: boolean
}

const TRANSIENT: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the registry’s name cannot be resolved',
  EAI_AGAIN: 'the registry’s name cannot be resolved',
  ECONNREFUSED: 'the registry refuses connections',
  ECONNRESET: 'the connection to the registry was lost',
  EPIPE: 'the connection to the registry was lost',
  ETIMEDOUT: 'the registry does not answer',
  ERR_SOCKET_TIMEOUT: 'the registry does not answer',
  EIDLETIMEOUT: 'the registry does not answer',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  E429: 'the registry asks for fewer requests',
  E500: 'the registry has a fault of its own (500)',
  E502: 'the registry has a fault of its own (502)',
  E503: 'the registry has a fault of its own (503)',
  E504: 'the registry has a fault of its own (504)',
  // a registry behind a cache may not know it yet: seen on a version that had been there for months
  ETARGET: 'the registry has no such version of the package or of one of its dependencies',
  TIMEOUT: 'the install took too long and was stopped',
  KILLED: 'the install was ended from outside',
}

const PERMANENT: Readonly<Record<string, string>> = {
  E404: 'the registry has no such package, or not for these credentials',
  ENOVERSIONS: 'the package has no version',
  E401: 'the registry wants credentials (MCPHUB_NPMRC names the npmrc file that holds them)',
  E403: 'the registry refuses these credentials',
  ENEEDAUTH: 'the registry wants credentials (MCPHUB_NPMRC names the npmrc file that holds them)',
  EINTEGRITY: 'a downloaded file is not the one the kept lock file names (integrity); nothing was installed',
  EUSAGE: 'the kept lock file does not fit the package; nothing was installed',
  ELOCKCHANGED:
    'the kept lock file was changed since it was made; restore it, or remove it and its .sha256 to resolve anew',
  ENOINTEGRITY: 'a dependency has no integrity in the lock file (it comes from git or a bare address)',
  EBADENGINE: 'the package does not run on this version of Node',
  EBADPLATFORM: 'the package does not run on this platform',
  ERESOLVE: 'the dependencies of the package contradict each other',
  EACCES: 'the data folder cannot be written',
  EROFS: 'the data folder is read-only',
  SELF_SIGNED_CERT_IN_CHAIN:
    'the registry’s certificate is not trusted (NODE_EXTRA_CA_CERTS names a file with your own authority)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the registry’s certificate is not trusted (NODE_EXTRA_CA_CERTS names a file with your own authority)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the registry’s certificate is not trusted (NODE_EXTRA_CA_CERTS names a file with your own authority)',
}

/** The code npm prints: `npm error code E404`. */
export function parseNpmCode(stderr: string): string | null {
  return /^npm (?:error|ERR!) code (\S+)/m.exec(stderr)?.[1] ?? null
}

export function describeNpmCode(code: string | null): NpmFault {
  const known = code === null ? undefined : TRANSIENT[code]
  if (known !== undefined) return { message: known, transient: true }
  const final = code === null ? undefined : PERMANENT[code]
  return { message: final ?? `npm failed (${code ?? 'no code given'})`, transient: false }
}
