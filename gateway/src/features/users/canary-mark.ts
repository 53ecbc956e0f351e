// The mark of people who are made and erased by the test of an installation: nobody else's name has it, so that nobody else is ever erased.
export const CANARY_MARK = '-canary-'

export const isCanary = (username: string): boolean => username.includes(CANARY_MARK)
