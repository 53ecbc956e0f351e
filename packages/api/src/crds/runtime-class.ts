// The name of a RuntimeClass, which servers and groups may both give. The API server looks it up as it stands, so that a name no object can
// have would be no refusal of the pod but a fault of the API server, at every try.
import { z } from 'zod'
import { matches, rules } from './cel.ts'
import { when } from './check-kit.ts'
import type { FieldFault } from '../errors.ts'
import { OBJECT_NAME } from './patterns.ts'

const NO_NAME = 'not the name of a RuntimeClass; use small letters, digits, "-" and ".", such as gvisor'

export const runtimeClassName = z
  .string()
  .max(253)
  .meta(rules({ rule: matches('self', OBJECT_NAME), message: NO_NAME }))

export const checkRuntimeClass = (field: string, name: string | undefined): FieldFault[] =>
  when(name !== undefined && !OBJECT_NAME.test(name), `${field}.runtimeClassName`, NO_NAME)
