// Says what is being done while it is done, and afterwards what took how long.

interface Stage {
  readonly name: string
  readonly ms: number
}

export interface Stages {
  /** Runs the work as a stage. Stages follow one another: none lies in another, or the sum would count it twice. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>
  /** One line per stage, in the order they ended, and their sum. */
  table(): string
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export function createStages(say: (line: string) => void = console.log): Stages {
  const done: Stage[] = []
  return {
    run: async (name, work) => {
      const start = performance.now()
      try {
        return await work()
      } finally {
        const ms = performance.now() - start
        done.push({ name, ms })
        say(`${seconds(ms).padStart(8)}  ${name}`)
      }
    },
    table: () => {
      const sum = done.reduce((total, { ms }) => total + ms, 0)
      const width = Math.max(5, ...done.map(({ name }) => name.length))
      return [...done, { name: 'total', ms: sum }]
        .map(({ name, ms }) => `${name.padEnd(width)}  ${seconds(ms).padStart(8)}`)
        .join('\n')
    },
  }
}
