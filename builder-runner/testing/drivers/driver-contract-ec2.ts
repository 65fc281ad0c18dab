// A small cloud that speaks the part of Amazon EC2's query API which the driver `ec2` uses (API version 2016-11-15), on
// loopback. Its instances are machines (driver-contract-machine.ts) that boot from their user data.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bootMachine, freshAddress, type Machine } from './driver-contract-machine.ts';

interface CloudInstance {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly image: string;
  readonly type: string;
  readonly launchedAt: string;
  readonly address: string;
  readonly userData: string;
  readonly shutdownBehavior: string;
  state: 'pending' | 'running' | 'terminated';
  machine?: Machine;
}

export interface Cloud {
  readonly url: string;
  /** What it was asked, in order: `RunInstances`, … */
  readonly asked: string[];
  /** Also those that are terminated, as EC2 shows them for a while. */
  readonly instances: CloudInstance[];
  /** The answer to the next RunInstances is this error, as when the region has no room. */
  failNextRun(code: string): void;
  close(): Promise<void>;
}

const accessKey = 'AKIACOPPICE';
/** The environment with which the cloud lets in. */
export const cloudEnvironment = { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: 'secret-of-the-cloud' };
export const cloudOptions = { subnet: 'subnet-1', security_groups: ['sg-1'], port: 2222, user: 'root' };
const stateCodes = { pending: 0, running: 16, terminated: 48 } as const;

/** An answer of EC2's kind: its error codes are what clients act by. */
class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export async function openCloud(scratch: string): Promise<Cloud> {
  const instances: CloudInstance[] = [];
  const asked: string[] = [];
  let failure: string | undefined;
  const actions: Record<string, (query: URLSearchParams) => string | Promise<string>> = {
    RunInstances: (query) => {
      if (failure !== undefined) {
        const code = failure;
        failure = undefined;
        throw new Refusal(code, 'There is no room for it');
      }
      const made = runInstance(query, `i-${String(instances.length + 1).padStart(17, '0')}`);
      instances.push(made);
      return `<reservationId>r-1</reservationId><instancesSet>${instanceXml(made)}</instancesSet>`;
    },
    DescribeInstances: async (query) => {
      const found = instances.filter(matching(query));
      const text = found.map(
        (instance) =>
          `<item><reservationId>r-1</reservationId><instancesSet>${instanceXml(instance)}</instancesSet></item>`,
      );
      // An instance boots after it was first seen as pending: whoever takes the first answer for the last has no
      // address.
      for (const instance of found.filter(({ state }) => state === 'pending')) {
        instance.machine = await bootMachine(scratch, instance.userData, instance.address, cloudOptions.port);
        instance.state = 'running';
      }
      return `<reservationSet>${text.join('')}</reservationSet>`;
    },
    DescribeInstanceStatus: (query) =>
      `<instanceStatusSet>${instances
        .filter(matching(query))
        .map((instance) => `<item><instanceId>${instance.id}</instanceId>${stateXml('instanceState', instance)}</item>`)
        .join('')}</instanceStatusSet>`,
    DescribeInstanceAttribute: (query) => {
      if (query.get('Attribute') !== 'groupSet')
        throw new Refusal('InvalidParameterValue', `${query.get('Attribute')}`);
      return `<instanceId>${query.get('InstanceId')}</instanceId><groupSet><item><groupId>sg-1</groupId></item></groupSet>`;
    },
    DescribeSubnets: () => '<subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId></item></subnetSet>',
    DescribeSecurityGroups: () =>
      '<securityGroupInfo><item><groupId>sg-1</groupId><groupName>builders</groupName><vpcId>vpc-1</vpcId></item></securityGroupInfo>',
    TerminateInstances: async (query) => {
      const ended = instances.filter(({ id }) => listOf(query, 'InstanceId').includes(id));
      for (const instance of ended) {
        instance.state = 'terminated';
        await instance.machine?.end();
      }
      const items = ended.map(
        (one) => `<item><instanceId>${one.id}</instanceId>${stateXml('currentState', one)}</item>`,
      );
      return `<instancesSet>${items.join('')}</instancesSet>`;
    },
  };

  const server = createServer(async (request, response) => {
    const query = new URLSearchParams(await bodyOf(request));
    const action = query.get('Action') ?? '';
    asked.push(action);
    try {
      if (!request.headers.authorization?.includes(`AWS4-HMAC-SHA256 Credential=${accessKey}/`)) {
        throw new Refusal('AuthFailure', 'AWS was not able to validate the provided access credentials');
      }
      const answer = await actions[action]?.(query);
      if (answer === undefined) throw new Refusal('InvalidAction', `The action ${action} is not valid`);
      const name = `${action}Response`;
      response.end(
        `<${name} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>${answer}</${name}>`,
      );
    } catch (error) {
      const code = error instanceof Refusal ? error.code : 'InternalError';
      const message = escapeXml((error as Error).message);
      response.statusCode = error instanceof Refusal ? 400 : 500;
      response.end(
        `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>1</RequestID></Response>`,
      );
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    instances,
    failNextRun: (code) => {
      failure = code;
    },
    close: async () => {
      for (const { machine } of instances) await machine?.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function runInstance(query: URLSearchParams, id: string): CloudInstance {
  const tags: Record<string, string> = {};
  for (let number = 1; query.has(`TagSpecification.1.Tag.${number}.Key`); number += 1) {
    const key = `TagSpecification.1.Tag.${number}`;
    tags[query.get(`${key}.Key`) as string] = query.get(`${key}.Value`) ?? '';
  }
  return {
    id,
    tags,
    image: query.get('ImageId') ?? '',
    type: query.get('InstanceType') ?? '',
    launchedAt: new Date().toISOString(),
    address: freshAddress(),
    userData: Buffer.from(query.get('UserData') ?? '', 'base64').toString(),
    shutdownBehavior: query.get('InstanceInitiatedShutdownBehavior') ?? 'stop',
    state: 'pending',
  };
}

/** `InstanceId.1=…`, `InstanceId.2=…`: the lists of the query API. */
function listOf(query: URLSearchParams, name: string): string[] {
  return [...query].filter(([key]) => key.startsWith(`${name}.`)).map(([, value]) => value);
}

/** By ids and by filters, whose values may hold `*`; an unknown filter matches nothing rather than everything. */
function matching(query: URLSearchParams): (instance: CloudInstance) => boolean {
  const ids = listOf(query, 'InstanceId');
  const filters: (readonly [string, RegExp[]])[] = [];
  for (let number = 1; query.has(`Filter.${number}.Name`); number += 1) {
    const values = listOf(query, `Filter.${number}.Value`).map(
      (value) => new RegExp(`^${value.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`),
    );
    filters.push([query.get(`Filter.${number}.Name`) as string, values]);
  }
  const field = (instance: CloudInstance, name: string) => {
    if (name === 'instance-id') return instance.id;
    return name === 'instance-state-name' ? instance.state : instance.tags[name.replace(/^tag:/, '')];
  };
  return (instance) =>
    (ids.length === 0 || ids.includes(instance.id)) &&
    filters.every(([name, values]) => values.some((value) => value.test(field(instance, name) ?? '')));
}

function stateXml(element: string, { state }: CloudInstance): string {
  return `<${element}><code>${stateCodes[state]}</code><name>${state}</name></${element}>`;
}

function instanceXml(instance: CloudInstance): string {
  const tags = Object.entries(instance.tags).map(
    ([key, value]) => `<item><key>${escapeXml(key)}</key><value>${escapeXml(value)}</value></item>`,
  );
  const address = instance.state === 'running' ? `<ipAddress>${instance.address}</ipAddress>` : '';
  return `<item><instanceId>${instance.id}</instanceId><imageId>${instance.image}</imageId>${stateXml('instanceState', instance)}
    <instanceType>${instance.type}</instanceType><launchTime>${instance.launchedAt}</launchTime><architecture>x86_64</architecture>
    <subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><sourceDestCheck>true</sourceDestCheck>
    <privateIpAddress>10.0.0.1</privateIpAddress>${address}<tagSet>${tags.join('')}</tagSet></item>`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
