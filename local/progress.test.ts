import { expect, test } from '@jest/globals';
import { LiveTrainings } from './live-trainings.ts';
import { ProgressLine } from './progress.ts';

/** What a terminal, or a file, is shown; `at` moves the clock (seconds). */
function screen(isTTY: boolean) {
  let nowMs = 0;
  const written: string[] = [];
  const stream = { isTTY, columns: 200, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  const line = new ProgressLine(stream, true, () => nowMs);
  const at = (seconds: number): void => {
    nowMs = seconds * 1000;
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that clears a line
  const last = (): string => (written.at(-1) ?? '').replaceAll(/[\r\n]|\x1b\[2K/g, '');
  return { line, at, last, written };
}

test('one task: steps, rate and time left; what a checkpoint had done is no speed', () => {
  const { line, at, last } = screen(true);
  line.stage('train');
  line.step({ step: 0, total: 100_000, unit: 'env steps', task: 'ppo w0 s1' });
  at(3);
  line.step({ step: 50_000, total: 100_000, unit: 'env steps', task: 'ppo w0 s1' });
  at(5);
  line.step({ step: 60_000, total: 100_000, unit: 'env steps', task: 'ppo w0 s1' });
  expect(last()).toBe('train       ppo w0 s1: 60.0k of 100k env steps, 5000/s, 8 s left');
  at(14);
  line.done('train', 'done', 'ppo w0 s1');
  expect(last()).toBe('train       done        14.0 s  ppo w0 s1');
});

test('several at once: each with its rate, all of them with the time left; what was remembered does not count as fast', () => {
  const { line, at, last } = screen(true);
  line.stage('train');
  line.expect(5);
  line.done('train', 'unchanged', 'ppo w0 s1');
  for (const task of ['ppo w1 s1', 'sac w1 s1']) line.step({ step: 0, total: 1000, unit: 'env steps', task });
  at(10);
  for (const task of ['ppo w1 s1', 'sac w1 s1']) line.step({ step: 200, total: 1000, unit: 'env steps', task });
  at(19.8);
  line.step({ step: 500, total: 1000, unit: 'env steps', task: 'ppo w1 s1' });
  at(20);
  line.step({ step: 500, total: 1000, unit: 'env steps', task: 'sac w1 s1' });
  // a quarter of four trials in 20 s
  expect(last()).toBe('train       1 of 5 done, 60 s left: ppo w1 s1 50 % 30.6/s 16 s | sac w1 s1 50 % 30/s 17 s');
  at(40);
  line.done('train', 'done', 'ppo w1 s1');
  expect(last()).toBe('train       done        40.0 s  ppo w1 s1');
});

test('a file gets a line every five seconds, and every line that stays', () => {
  const { line, at, written } = screen(false);
  line.stage('graph');
  for (let step = 0; step <= 120; step++) {
    at(step / 10);
    line.step({ step, total: 120, unit: 'snapshot' });
  }
  line.done('graph', 'done');
  expect(written).toEqual([
    'graph       50 of 120 snapshot, 10/s, 7 s left\n',
    'graph       100 of 120 snapshot, 10/s, 2 s left\n',
    'graph       done        12.0 s\n',
  ]);
});

test('learning curves are kept by training, thinned when they grow long, and begun anew when a training is', () => {
  const trainings = new LiveTrainings(() => 0);
  const point = (step: number) => ({ 'charts/mean_reward': step / 1000, 'charts/net_growth': null });
  const see = (task: string, step: number): void =>
    trainings.step({ step, total: 1000, unit: 'env steps', task, point: step === 0 ? undefined : point(step) });
  trainings.step({ step: 3, total: 9, unit: 'snapshot' }); // no training
  for (let step = 0; step <= 1000; step++) see('ppo w0 s1', step);
  see('sac w0 s1', 0);
  const [ppo, sac] = trainings.list();
  expect(ppo).toMatchObject({ name: 'ppo w0 s1', step: 1000, total: 1000 });
  expect(ppo.points.length).toBeGreaterThan(100);
  expect(ppo.points.length).toBeLessThanOrEqual(256);
  const steps = ppo.points.map(({ step }) => step);
  expect(new Set(steps.slice(1).map((step, i) => step - steps[i])).size).toBe(1); // evenly
  expect(ppo.points[1]).toEqual({ step: steps[1], meanReward: steps[1] / 1000, netGrowth: null });
  expect(sac).toMatchObject({ step: 0, points: [], stepsPerSecond: null, secondsLeft: null });
  see('ppo w0 s1', 0);
  // model 0 is not learned: it has no curve, and is done
  trainings.step({ step: 0, total: 1, unit: 'env steps', task: 'model-0' });
  trainings.step({ step: 1, total: 1, unit: 'env steps', task: 'model-0' });
  expect(trainings.list().at(-1)).toMatchObject({ name: 'model-0', step: 1, total: 1, points: [] });
  expect(trainings.list().map(({ name, points }) => [name, points.length])).toEqual([
    ['sac w0 s1', 0],
    ['ppo w0 s1', 0],
    ['model-0', 0],
  ]);
});
