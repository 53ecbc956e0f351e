// What controllers count, by controller-runtime's names, so that dashboards and alerts made for those fit. Where the numbers go is the
// caller's: this package brings no metrics library.

export type CounterName =
  | 'controller_runtime_reconcile_total'
  | 'controller_runtime_reconcile_errors_total'
  | 'controller_runtime_terminal_reconcile_errors_total'
  | 'workqueue_adds_total'
  | 'workqueue_retries_total'
export type DurationName =
  | 'controller_runtime_reconcile_time_seconds'
  | 'workqueue_queue_duration_seconds'
  | 'workqueue_work_duration_seconds'
export type GaugeName =
  | 'controller_runtime_active_workers'
  | 'controller_runtime_max_concurrent_reconciles'
  | 'workqueue_depth'

/** Labels are the controller's name and, for reconcile_total, one of four results: nothing grows with users. */
export interface ControllerMetrics {
  count(name: CounterName, controller: string, result?: 'success' | 'requeue_after' | 'error' | 'terminal'): void
  /** in seconds */
  observe(name: DurationName, controller: string, seconds: number): void
  set(name: GaugeName, controller: string, value: number): void
}

export const NO_METRICS: ControllerMetrics = {
  count: () => undefined,
  observe: () => undefined,
  set: () => undefined,
}
