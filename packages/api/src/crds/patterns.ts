// Patterns that the checks (JavaScript) and the rules of the CRDs (CEL, RE2) both use, so that neither can drift: no look-around, no flag but `i`.

/** The registry's own rule; also keeps paths, URLs and options out of an install command. */
export const NPM_NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/
export const PYPI_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/
export const PYPI_VERSION = /^\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?(\+[A-Za-z0-9.]+)?$/

export const IMAGE_BY_DIGEST = /^[^@\s]+@sha256:[0-9a-f]{64}$/
/** A reference as registries have them: perhaps a host, with or without a port, then a path in lower case, perhaps a tag. */
export const IMAGE_NAME =
  /^(([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(:[0-9]+)?\/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@/

/** The name of an object of a cluster (DNS-1123 subdomain): the API server answers a pod that names another one with a fault of its own. */
export const OBJECT_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

export const CPU = /^(\d+(\.\d{1,3})?|\d+m)$/
export const MEMORY = /^\d+(\.\d+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$/

/**
 * Set by the hub for every child, which a manifest could lead out of its own folder; or they load code into a program or change which one runs:
 * those the shim refuses (sandbox/shim/process/environment.go).
 */
export const OWN_ENV = /^(HOME|TMPDIR|PATH|NODE_OPTIONS|BASH_ENV|ENV|LD_.*|MCPHUB_.*)$/

/** Headers that frame the message, that the hub writes itself, or by which it is recognised. In lower case. */
export const OWN_HEADERS =
  /^(host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|accept|accept-encoding|origin|last-event-id|mcp-.*|x-mcphub-.*)$/

/** What a header's value must not hold: anything but printable ASCII, or a space at an edge. */
export const UNFIT_HEADER_VALUE = /[^ -~\t]|^[ \t]|[ \t]$/

/**
 * Both slashes, then a host at once, and no tab or line break anywhere: URL parsers mend `https:/x`, `https:///x` and `https://<tab>/x` to host x,
 * so there a variable that looks like part of the path would choose the host.
 */
export const HTTP_URL = /^https?:\/\/[^/?#\\\x00-\x20][^\t\r\n]*$/i

/** A variable before the path: a user's value would choose where everybody's headers, organisation tokens among them, are sent. */
export const VARIABLE_IN_HOST = /^[^/?#]*(\/\/)?[^/?#]*\$\{/

/** `(a+)+`, `(\w+ ?)*`: a repeat at the end of a repeated group takes forever on a crafted value. `([a-z-]+\.)+` does not. */
export const NESTED_REPEAT = /[+*}](?:(?:\\.|[^()\\])[?*])?\)[+*{]/
