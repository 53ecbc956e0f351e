// What both the CRD's rules (CEL) and the checks (JavaScript) say of a value, where the sentence is long enough to drift.

export const RESERVED_ENV =
  'this variable is reserved: the hub sets it itself, or it would decide which program runs; remove it'

export const NO_IMAGE_NAME =
  'not the name of an image; give it as its registry does, such as registry.example/team/server@sha256:…'
