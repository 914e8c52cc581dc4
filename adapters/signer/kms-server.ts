import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { createRandom, type Random } from '../../domain/simulation/random.ts';

const ORDER = secp256k1.Point.CURVE().n;

interface Key {
  spec: 'ECC_SECG_P256K1' | 'ECC_NIST_P256';
  enabled: boolean;
  secret: Uint8Array;
  spki: Buffer;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** The two operations of KMS that a signer needs, over its wire protocol (AWS JSON 1.1), for tests. Half of its signatures are high-s. */
export class KmsServer {
  readonly #keys = new Map<string, Key>();
  readonly #random: Random;
  #server: Server | undefined;
  /** Answers ThrottlingException this many times before anything else. */
  throttle = 0;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  addKey(id: string, spec: Key['spec'] = 'ECC_SECG_P256K1'): void {
    const { privateKey, publicKey } = generateKeyPairSync('ec', {
      namedCurve: spec === 'ECC_SECG_P256K1' ? 'secp256k1' : 'prime256v1',
    });
    const secret = secretOf(privateKey);
    this.#keys.set(id, { spec, enabled: true, secret, spki: publicKey.export({ type: 'spki', format: 'der' }) });
  }

  disableKey(id: string): void {
    const key = this.#keys.get(id);
    if (key) key.enabled = false;
  }

  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const operation = String(request.headers['x-amz-target']).replace('TrentService.', '');
        const { status, body } = this.#answer(operation, JSON.parse(Buffer.concat(chunks).toString('utf8')));
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  #answer(operation: string, input: Record<string, string>): Answer {
    if (this.throttle > 0) {
      this.throttle -= 1;
      return problem('ThrottlingException', 'Rate exceeded');
    }
    const key = this.#keys.get(input.KeyId);
    if (!key) return problem('NotFoundException', `Key '${input.KeyId}' does not exist`);
    if (!key.enabled) return problem('DisabledException', `${input.KeyId} is disabled.`);
    if (operation === 'GetPublicKey') {
      return {
        status: 200,
        body: {
          KeyId: input.KeyId,
          PublicKey: key.spki.toString('base64'),
          KeySpec: key.spec,
          KeyUsage: 'SIGN_VERIFY',
          SigningAlgorithms: ['ECDSA_SHA_256'],
        },
      };
    }
    if (operation === 'Sign') return this.#sign(input, key);
    return problem('UnsupportedOperationException', operation);
  }

  #sign(input: Record<string, string>, key: Key): Answer {
    const digest = Buffer.from(input.Message, 'base64');
    if (input.MessageType !== 'DIGEST' || input.SigningAlgorithm !== 'ECDSA_SHA_256' || digest.length !== 32) {
      return problem('ValidationException', 'Digest is invalid length for algorithm ECDSA_SHA_256');
    }
    // Extra entropy: a second signature over the same digest is another one, as in KMS.
    const entropy = Uint8Array.from({ length: 32 }, () => this.#random.integer(256));
    const { r, s } = secp256k1.Signature.fromBytes(
      secp256k1.sign(new Uint8Array(digest), key.secret, { prehash: false, lowS: true, extraEntropy: entropy }),
    );
    const der = toDer(r, this.#random.uniform() < 0.5 ? s : ORDER - s);
    return {
      status: 200,
      body: { KeyId: input.KeyId, Signature: der.toString('base64'), SigningAlgorithm: 'ECDSA_SHA_256' },
    };
  }
}

const problem = (type: string, message: string): Answer => ({ status: 400, body: { __type: type, message } });

const secretOf = (key: KeyObject): Uint8Array =>
  new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).d as string, 'base64url'));

/** ECDSA-Sig-Value: integers without leading zeros, one zero byte before a set high bit. */
export function toDer(r: bigint, s: bigint): Buffer {
  const integer = (value: bigint) => {
    let hex = value.toString(16);
    if (hex.length % 2 === 1) hex = `0${hex}`;
    if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) hex = `00${hex}`;
    return Buffer.concat([Buffer.from([0x02, hex.length / 2]), Buffer.from(hex, 'hex')]);
  };
  const body = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}
