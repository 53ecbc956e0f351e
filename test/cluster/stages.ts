// Says what is being done while it is done, and afterwards what took how long.

interface Stage {
  readonly name: string
  readonly ms: number
}

export interface Stages {
  /** Runs the work as a stage. Some run beside one another. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>
  /** One line per stage, in the order they ended, and the time from the first's beginning to the last's end. */
  table(): string
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export function createStages(say: (line: string) => void = console.log): Stages {
  const done: Stage[] = []
  let [begun, ended] = [Infinity, 0]
  return {
    run: async (name, work) => {
      const start = performance.now()
      begun = Math.min(begun, start)
      try {
        return await work()
      } finally {
        ended = performance.now()
        const ms = ended - start
        done.push({ name, ms })
        say(`${seconds(ms).padStart(8)}  ${name}`)
      }
    },
    table: () => {
      const total = Math.max(0, ended - begun)
      const width = Math.max(5, ...done.map(({ name }) => name.length))
      return [...done, { name: 'total', ms: total }]
        .map(({ name, ms }) => `${name.padEnd(width)}  ${seconds(ms).padStart(8)}`)
        .join('\n')
    },
  }
}
