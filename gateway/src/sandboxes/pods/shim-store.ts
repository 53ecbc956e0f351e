// Where replicas tell each other which shim answers for which pod.
export interface ShimRow {
  readonly podUid: string
  readonly podName: string
  /** SHA-256 of the certificate's DER, lower-case hex */
  readonly fingerprint: string
  readonly port: number
}

export interface ShimStore {
  /** null: all */
  list(podUids: readonly string[] | null): Promise<readonly ShimRow[]>
  /**
   * The first word of a pod stays: what runs beside the shim may read its token, but comes later. False: this pod said something else before.
   * Tells every replica.
   */
  register(row: ShimRow): Promise<boolean>
  remove(podUids: readonly string[]): Promise<void>
  /** id and name of every person, for sandboxes that carry only a hash */
  listPeople(): Promise<readonly { readonly id: string; readonly username: string }[]>
  /**
   * ids of people who were erased in the last day and are not there now. Only who is on record as erased is named: that somebody is missing, from
   * a restored or a new database, means nothing.
   */
  listErased(): Promise<readonly string[]>
}
