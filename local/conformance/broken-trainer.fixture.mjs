// The product's own trainer, broken in one way: `node broken-trainer.fixture.mjs <way> <folder>`.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [way, folder] = process.argv.slice(2);
const TRAINER = fileURLToPath(new URL('../../training-container/src/main.ts', import.meta.url));
const command = ['--disable-warning=ExperimentalWarning', TRAINER, folder];
const record = join(folder, 'output', 'training-record.json');
const train = () => {
  const { status, stdout } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { status, stdout };
};
const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
const rewrite = (change) => writeFileSync(record, JSON.stringify(change(JSON.parse(readFileSync(record, 'utf8')))));

const ways = {
  /** The time is in the record, so that no two runs end in the same bytes. */
  'time-in-record': () => {
    const { status, stdout } = train();
    if (status === 0) rewrite((kept) => ({ ...kept, endedAt: Date.now() }));
    process.stdout.write(stdout);
    return status;
  },
  /** The record names another job. */
  'wrong-job-hash': () => {
    const { status, stdout } = train();
    if (status === 0) rewrite((kept) => ({ ...kept, jobHash: createHash('sha256').digest('hex') }));
    process.stdout.write(stdout);
    return status;
  },
  /** What is refused leaves a file behind. */
  'writes-on-refusal': () => {
    mkdirSync(join(folder, 'output'), { recursive: true });
    writeFileSync(record, '{}');
    const { status, stdout } = train();
    process.stdout.write(stdout);
    return status;
  },
  /** Bad input looks like a failure that may be tried again. */
  'exit-1-on-bad-input': () => {
    const { status, stdout } = train();
    process.stdout.write(stdout);
    return status === 2 ? 1 : status;
  },
  /** Words between the lines of JSON. */
  talks: () => {
    const { status, stdout } = train();
    process.stdout.write(`epoch 1 of 1\n${stdout}`);
    return status;
  },
  /** Checkpoints are not kept. */
  forgets: () => {
    rmSync(join(folder, 'checkpoints'), { recursive: true, force: true });
    return passThrough();
  },
  /** Only the newest checkpoint is kept. */
  'keeps-one-checkpoint': async () => {
    const code = await passThrough();
    rmSync(join(folder, 'checkpoints', 'previous.ckpt'), { force: true });
    return code;
  },
  /** Every snapshot is a copy of the last policy. */
  'copies-its-snapshots': () => {
    const { status, stdout } = train();
    const policy = join(folder, 'output', 'policy.onnx');
    const copied = (snapshot) => {
      copyFileSync(policy, join(folder, 'output', snapshot.file));
      return { ...snapshot, sha256: sha256(policy) };
    };
    if (status === 0) rewrite((kept) => ({ ...kept, snapshots: (kept.snapshots ?? []).map(copied) }));
    process.stdout.write(stdout);
    return status;
  },
  /** The record says neither on which machine nor by which phases, nor which member won. */
  'leaves-out': () => {
    const { status, stdout } = train();
    if (status === 0) rewrite(({ cpu, course, population, ...kept }) => kept);
    process.stdout.write(stdout);
    return status;
  },
  /** Something is kept where caches are. */
  caches: () => {
    writeFileSync(join(process.env.XDG_CACHE_HOME, 'compiled'), 'kernels');
    return passThrough();
  },
  /** Done, and nothing to show for it. */
  'writes-nothing': () => {
    process.stdout.write('{"type":"done","seconds":0}\n');
    return 0;
  },
  /** A column that may be unknown is a break in the data. */
  'knows-no-lapsing': () => {
    const job = join(folder, 'input', 'job.json');
    const { lapsing, ...kept } = JSON.parse(readFileSync(job, 'utf8'));
    if (lapsing) writeFileSync(job, JSON.stringify(kept));
    return passThrough();
  },
  /** One learner is not there. */
  'has-no-sac': () => {
    const { training } = JSON.parse(readFileSync(join(folder, 'input', 'job.json'), 'utf8'));
    return training.algorithm === 'sac' ? 1 : passThrough();
  },
  /** Standard output arrives when all is over. */
  buffers: () => {
    const { status, stdout } = train();
    process.stdout.write(stdout);
    return status;
  },
  /** SIGTERM is not heard. */
  deaf: () => {
    process.on('SIGTERM', () => {});
    process.on('SIGINT', () => {});
    return passThrough({ deaf: true });
  },
  /** Nothing is learned: the policy of model 0. */
  'learns-nothing': () => {
    const { status, stdout } = train();
    const spec = JSON.parse(readFileSync(join(folder, 'input', 'job.json'), 'utf8'));
    if (status === 0 && spec.kind === 'learn') {
      const place = join(folder, 'anchor');
      mkdirSync(join(place, 'input'), { recursive: true });
      const { schema, columns, stateColumns } = spec;
      writeFileSync(
        join(place, 'input', 'job.json'),
        JSON.stringify({ kind: 'baseline', schema, columns, stateColumns }),
      );
      spawnSync(process.execPath, [...command.slice(0, -1), place]);
      writeFileSync(join(folder, 'output', 'policy.onnx'), readFileSync(join(place, 'output', 'policy.onnx')));
      rmSync(place, { recursive: true });
    }
    process.stdout.write(stdout);
    return status;
  },
};

/** Run the trainer beside this process; signals are handed on, but for a deaf one. */
function passThrough({ deaf = false } = {}) {
  const child = spawn(process.execPath, command, { stdio: ['inherit', 'inherit', 'inherit'] });
  if (!deaf) for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('close', resolve));
}

process.exitCode = await ways[way]();
