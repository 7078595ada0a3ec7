/**
 * A chat by lines, in rooms.
 *
 *     node examples/dist/chat.js [--host H] [--port P]
 *     nc 127.0.0.1 7000
 *
 * The first line is one's name; then `/join ROOM`, `/who` and `/quit`. All else is said to the room.
 */
import { type Connection, createServer, lines } from '@pollux/framework'
import { start } from './start.js'

/** In a larger room nobody wants to hear of each who comes and goes, nor read all names. */
const CROWD = 100

type Person = { name: string; room: string }
type Client = Connection<Person, string, string>

const names = new Map<string, Client>()

const server = createServer<Person, string, string>({
  codec: lines({ maxLength: 1000 }),
  // Whoever does not read for so long has lost the thread anyway.
  fanOut: { slow: 'close', maxQueuedBytes: 1024 * 1024 },
  state: () => ({ name: '', room: '' }),
  open(client) {
    client.send('What is your name?')
  },
  message(client, line) {
    const text = line.trim()
    if (client.state.name === '') enter(client, text)
    else if (text.startsWith('/')) obey(client, text)
    else if (text !== '')
      server.publish(client.state.room, `${client.state.name}: ${text}`, (other) => other !== client)
  },
  close(client) {
    if (client.state.name === '') return
    names.delete(client.state.name)
    leave(client)
  },
})

function enter(client: Client, name: string): void {
  if (!/^\w{1,20}$/.test(name)) client.send('A name has 1 to 20 letters and digits. What is yours?')
  else if (names.has(name)) client.send(`${name} is here already. What is your name?`)
  else {
    client.state.name = name
    names.set(name, client)
    join(client, 'lobby')
  }
}

function obey(client: Client, text: string): void {
  const [command, room = ''] = text.split(/\s+/)
  if (command === '/join' && room !== '') {
    leave(client)
    join(client, room)
  } else if (command === '/who') {
    client.send(`* ${listOf(client.state.room)}`)
  } else if (command === '/quit') {
    client.end()
  } else {
    client.send('* There are /join ROOM, /who and /quit')
  }
}

function join(client: Client, room: string): void {
  announce(room, `* ${client.state.name} has come`)
  client.state.room = room
  client.subscribe(room)
  client.send(`* You are in ${room}, with ${listOf(room)}`)
}

function leave(client: Client): void {
  client.unsubscribe(client.state.room)
  announce(client.state.room, `* ${client.state.name} has left`)
}

function announce(room: string, text: string): void {
  if ((server.topics.get(room)?.size ?? 0) <= CROWD) server.publish(room, text)
}

function listOf(room: string): string {
  const people = server.topics.get(room) ?? new Set<Client>()
  const some = [...people].slice(0, CROWD).map(({ state }) => state.name)
  return some.join(', ') + (people.size > CROWD ? ` and ${people.size - CROWD} more` : '')
}

await start('chat.js', 7000, () => server)
