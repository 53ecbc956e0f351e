// Port: what the doctor asks the database itself.
import type { DatabaseFacts } from './facts.ts'

export interface DoctorStore {
  /** @throws HubError `database_unavailable` */
  read(): Promise<DatabaseFacts>
}
