/** What the load generator does to a server in one row of the table. */
export interface Shape {
  name: string
  label: string
  mode: 'echo' | 'churn' | 'idle'
  connections: number
  size: number
  depth: number
  /** What is counted. Messages and connections are better when higher, bytes when lower. */
  unit: 'messages/s' | 'connections/s' | 'bytes'
}

function echo(connections: number, size: number, sizeLabel: string, depth = 1): Shape {
  const inFlight = depth === 1 ? '' : `, ${depth} in flight`
  return {
    name: `${sizeLabel}x${connections}${depth === 1 ? '' : `x${depth}`}`.replaceAll(' ', ''),
    label: `${sizeLabel} × ${connections}${inFlight}`,
    mode: 'echo',
    connections,
    size,
    depth,
    unit: 'messages/s',
  }
}

export const SHAPES: Shape[] = [
  echo(1, 64, '64 B'),
  echo(50, 64, '64 B'),
  echo(500, 64, '64 B'),
  echo(50, 64, '64 B', 16),
  echo(50, 4096, '4 KiB'),
  echo(10, 65536, '64 KiB'),
  {
    name: 'churn',
    label: 'connect, echo 64 B, close',
    mode: 'churn',
    connections: 50,
    size: 64,
    depth: 1,
    unit: 'connections/s',
  },
  {
    name: 'idle',
    label: 'memory per idle connection',
    mode: 'idle',
    connections: 18_000,
    size: 64,
    depth: 1,
    unit: 'bytes',
  },
]
