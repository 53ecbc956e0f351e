// The planted faults that the isolation check must find.
import type { Mutant } from '../kit/mutants.ts'

export const MUTANTS: readonly Mutant[] = []
