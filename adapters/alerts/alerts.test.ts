import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ObjectStore } from '../object-store/port.ts';
import { ConsoleAlerts } from './console.ts';
import { onceAlerts } from './once.ts';
import type { Alert } from './port.ts';
import { SnsAlerts } from './sns.ts';

const alert: Alert = {
  id: 'drawdown-2024-03-08',
  condition: 'drawdown',
  severity: 'critical',
  message: 'Drawdown 12.1 % is beyond 10 % – risk is scaled down\nsee the report',
  runbook: 'docs/runbook.md#drawdown',
};

/** SNS speaks the AWS query protocol: a form in, XML out. */
class SnsServer {
  readonly published: URLSearchParams[] = [];
  readonly failures: number[] = [];
  readonly server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    const failure = this.failures.shift();
    if (failure) {
      response
        .writeHead(failure)
        .end(
          `<ErrorResponse><Error><Code>${failure === 404 ? 'NotFound' : 'InternalError'}</Code></Error></ErrorResponse>`,
        );
      return;
    }
    this.published.push(new URLSearchParams(body));
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end('<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>');
  });
}

/** The smallest store that keeps the port's promise of create-only writes. */
function memoryStore(): ObjectStore {
  const objects = new Map<string, Uint8Array>();
  return {
    put: async (key, bytes) => {
      objects.set(key, bytes);
      return { etag: String(bytes.byteLength) };
    },
    get: async (key) => (objects.has(key) ? { bytes: objects.get(key)!, etag: 'x' } : null),
    exists: async (key) => objects.has(key),
    copy: async () => false,
    list: async () => [...objects.keys()],
  };
}

describe('SNS', () => {
  const sns = new SnsServer();
  let alerts: SnsAlerts;
  beforeAll(async () => {
    await new Promise<void>((resolve) => sns.server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(sns.server.address() as AddressInfo).port}`;
    alerts = new SnsAlerts('arn:aws:sns:eu-central-1:111111111111:alerts', {
      endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
  });
  beforeEach(() => {
    sns.published.length = 0;
  });
  afterAll(() => {
    sns.server.closeAllConnections();
    sns.server.close();
  });

  test('the whole message goes out; the subject is what SNS takes', async () => {
    await alerts.raise(alert);
    const [form] = sns.published;
    expect(form!.get('Action')).toBe('Publish');
    expect(form!.get('TopicArn')).toBe('arn:aws:sns:eu-central-1:111111111111:alerts');
    expect(form!.get('Message')).toContain(alert.message);
    expect(form!.get('Message')).toContain(alert.runbook);
    const subject = form!.get('Subject')!;
    expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
    expect(subject).toContain('[critical] drawdown');
    expect([...form!.values()]).toEqual(expect.arrayContaining(['condition', 'drawdown', 'severity', 'critical']));
  });

  test('a passing fault is tried again, a lasting one is an error', async () => {
    sns.failures.push(500);
    await alerts.raise(alert);
    expect(sns.published).toHaveLength(1);
    sns.failures.push(404);
    await expect(alerts.raise(alert)).rejects.toMatchObject({ name: expect.stringMatching(/NotFound/) });
  });
});

describe('once', () => {
  test('one alert a condition and date, however often the stage runs', async () => {
    const lines: string[] = [];
    const store = memoryStore();
    const raise = (id: string) =>
      onceAlerts(new ConsoleAlerts((line) => lines.push(line)), store, 'main').raise({ ...alert, id });
    await raise('drawdown-2024-03-08');
    await raise('drawdown-2024-03-08');
    await raise('drawdown-2024-03-11');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^ALERT critical drawdown: .*docs\/runbook\.md#drawdown/s);
  });

  test('an alert that could not be sent is not marked', async () => {
    const store = memoryStore();
    let broken = true;
    const sent: Alert[] = [];
    const alerts = onceAlerts(
      {
        raise: async (item) => {
          if (broken) throw new Error('no line');
          sent.push(item);
        },
      },
      store,
      'main',
    );
    await expect(alerts.raise(alert)).rejects.toThrow('no line');
    broken = false;
    await alerts.raise(alert);
    expect(sent).toEqual([alert]);
  });
});
