// Whoever has machines to give, for drivers whose real providers no test machine has: machines
// (driver-contract-machine.ts) over a few HTTP calls on loopback. POST /machines {name, userData, facts}, GET
// /machines, DELETE /machines/<name or address>.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { bootMachine, freshAddress, type Machine } from './driver-contract-machine.ts';

interface Given {
  readonly name: string;
  readonly address: string;
  readonly facts: unknown;
  readonly machine: Machine;
}

export interface Provider {
  readonly url: string;
  /** Names of the machines that exist. */
  names(): string[];
  close(): Promise<void>;
}

/** `port` is where the machines answer SSH. */
export async function openProvider(scratch: string, port: number): Promise<Provider> {
  const given = new Map<string, Given>();
  const answer = async (request: IncomingMessage): Promise<unknown> => {
    if (request.method === 'GET')
      return [...given.values()].map(({ name, address, facts }) => ({ name, address, facts }));
    if (request.method === 'DELETE') {
      const key = request.url?.split('/').at(-1);
      const found = [...given.values()].find(({ name, address }) => name === key || address === key);
      await found?.machine.end();
      if (found !== undefined) given.delete(found.name);
      return { ended: found !== undefined };
    }
    const { name, userData, facts } = JSON.parse(await text(request));
    if (given.has(name)) throw new Error(`${name} exists already`);
    const machine = await bootMachine(scratch, userData, freshAddress(), port);
    given.set(name, { name, address: machine.address, facts, machine });
    return { address: machine.address };
  };
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    answer(request).then(
      (value) => response.end(JSON.stringify(value)),
      (error: Error) => {
        response.statusCode = 500;
        response.end(error.message);
      },
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    names: () => [...given.keys()],
    close: async () => {
      for (const { machine } of given.values()) await machine.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
