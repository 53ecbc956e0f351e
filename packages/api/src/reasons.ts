// Why the hub refused, where the error's code alone would leave a person in the dark: told in `data.reason` of a problem, or in a fault's `code`,
// so that the console can say it in the reader's language.

export const REASONS = [
  // logging in
  'wrongPassword',
  'tooManyTries',
  'linkNotValid',
  'setupLinkNotValid',
  'needsHttps',
  'localLoginOff',
  'lastWayIn',
  'foreignPage',
  // a new password
  'wrongCurrentPassword',
  'passwordCommon',
  'passwordRepeats',
  'passwordIsName',
  // people
  'lastAdmin',
  'notOneself',
  'userDeleted',
  'userNotActive',
  'nameTaken',
  // providers people log in through
  'providerFromConfig',
  'providerChanged',
  'secretNeeded',
  'secretAgain',
] as const

export type Reason = (typeof REASONS)[number]

/** For the details of a HubError. */
export const because = (reason: Reason): { readonly data: { readonly reason: Reason } } => ({ data: { reason } })
