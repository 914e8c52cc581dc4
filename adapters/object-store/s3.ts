import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { badInput, type ProductError } from '../../domain/errors.ts';
import { assertObjectKey, type ObjectStore, type PutCondition, preconditionFailed } from './port.ts';

/** S3 answers 409 while another conditional write of the same key is in flight: the write is tried again this often. */
const CONFLICT_ATTEMPTS = 5;
const CONFLICT_PAUSE_MS = 50;

interface S3Failure {
  name?: string;
  $metadata?: { httpStatusCode?: number; attempts?: number };
}
const statusOf = (error: unknown): number | undefined => (error as S3Failure).$metadata?.httpStatusCode;
/** Whether there is no such object; without a bucket nobody can say. */
const isMissing = (error: unknown): boolean => statusOf(error) === 404 && (error as S3Failure).name !== 'NoSuchBucket';
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Objects in one S3 bucket. Conditional writes are S3's own (`If-None-Match`, `If-Match`), so they hold between machines. */
export class S3ObjectStore implements ObjectStore {
  readonly bucket: string;
  readonly #client: S3Client;

  constructor(bucket: string, config: S3ClientConfig = {}) {
    this.bucket = bucket;
    this.#client = new S3Client({ maxAttempts: 5, ...config });
  }

  async put(key: string, bytes: Uint8Array, condition: PutCondition = {}): Promise<{ etag: string }> {
    assertObjectKey(key);
    const command = () =>
      new PutObjectCommand({
        Bucket: this.bucket,
        Key: key,
        Body: bytes,
        ContentLength: bytes.byteLength,
        ...(condition.ifNoneMatch ? { IfNoneMatch: condition.ifNoneMatch } : {}),
        ...(condition.ifMatch === undefined ? {} : { IfMatch: condition.ifMatch }),
      });
    for (let attempt = 1; ; attempt++) {
      try {
        return { etag: (await this.#client.send(command())).ETag! };
      } catch (error) {
        const status = statusOf(error);
        if (status === 409 && attempt < CONFLICT_ATTEMPTS) {
          await pause(CONFLICT_PAUSE_MS * attempt);
          continue;
        }
        const lost = status === 412 || status === 409 || (status === 404 && condition.ifMatch !== undefined);
        if (!lost || (error as S3Failure).name === 'NoSuchBucket') throw this.#named(error, key);
        const own = await this.#ownEarlierWrite(key, bytes, error);
        if (own) return own;
        throw preconditionFailed(key);
      }
    }
  }

  async get(key: string): Promise<{ bytes: Uint8Array; etag: string } | null> {
    assertObjectKey(key);
    try {
      const found = await this.#client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
      return { bytes: await found.Body!.transformToByteArray(), etag: found.ETag! };
    } catch (error) {
      if (isMissing(error)) return null;
      throw this.#named(error, key);
    }
  }

  async exists(key: string): Promise<boolean> {
    assertObjectKey(key);
    try {
      await this.#client.send(new HeadObjectCommand({ Bucket: this.bucket, Key: key }));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw this.#named(error, key);
    }
  }

  async copy(from: string, to: string): Promise<boolean> {
    assertObjectKey(from);
    assertObjectKey(to);
    const source = [this.bucket, ...from.split('/').map(encodeURIComponent)].join('/');
    try {
      await this.#client.send(new CopyObjectCommand({ Bucket: this.bucket, Key: to, CopySource: source }));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw this.#named(error, to);
    }
  }

  async list(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    try {
      for await (const page of paginateListObjectsV2({ client: this.#client }, { Bucket: this.bucket, Prefix: prefix }))
        for (const object of page.Contents ?? []) keys.push(object.Key!);
    } catch (error) {
      throw this.#named(error, prefix);
    }
    return keys.sort(); // S3 sorts by UTF-8 bytes, the port by code unit
  }

  /** Says of a bucket that is away, elsewhere, or closed which one it is; any other error is left as it is. */
  #named(error: unknown, key: string): ProductError | unknown {
    const status = statusOf(error);
    const problem =
      status === 301
        ? 'it is in another region'
        : status === 403
          ? 'access is denied'
          : (error as S3Failure).name === 'NoSuchBucket'
            ? 'there is none'
            : null;
    if (problem === null) return error;
    return badInput('STORE_ACCESS', `The bucket ${this.bucket} cannot be used: ${problem}`, {
      facts: { bucket: this.bucket, key, status, said: (error as S3Failure).name },
      remedy: 'Check the name of the bucket, AWS_REGION, and what the credentials may do.',
      cause: error,
    });
  }

  /**
   * A write whose answer was lost is sent again by the SDK and then refused, because the key holds what the first try wrote. Only such a
   * repeated write may take the bytes it finds for its own; a first try that finds the same bytes has lost to someone else.
   */
  async #ownEarlierWrite(key: string, bytes: Uint8Array, error: unknown): Promise<{ etag: string } | null> {
    if (((error as S3Failure).$metadata?.attempts ?? 1) < 2) return null;
    const found = await this.get(key);
    return found && Buffer.from(found.bytes).equals(bytes) ? { etag: found.etag } : null;
  }
}
