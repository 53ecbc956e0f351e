// What only the database can tell of: records that any replica wrote.
export interface NewsStore {
  /** Of the last seconds: person ('' for none) → when their last record was made, in ms since the epoch. */
  readLatest(): Promise<ReadonlyMap<string, number>>
}
