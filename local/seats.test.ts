import { expect, test } from '@jest/globals';
import { eachOf, Seats } from './seats.ts';

const gate = (): { open: () => void; opened: Promise<void> } => {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('as many sit at once as their units allow, in the order of coming; a seat is given back after a failure too', async () => {
  const seats = new Seats(3);
  const log: string[] = [];
  const gates = new Map(['a', 'b', 'c', 'd'].map((name) => [name, gate()]));
  const sit = (name: string, units: number) =>
    seats.sit(units, async () => {
      log.push(name);
      await gates.get(name)?.opened;
      if (name === 'a') throw new Error('a failed');
    });
  const a = sit('a', 2);
  const others = [sit('b', 2), sit('c', 1), sit('d', 9)];
  await turn();
  expect(log).toEqual(['a']); // b waits for two, and c behind b
  gates.get('a')?.open();
  await expect(a).rejects.toThrow('a failed');
  await turn();
  expect(log).toEqual(['a', 'b', 'c']);
  gates.get('b')?.open();
  await turn();
  expect(log).toEqual(['a', 'b', 'c']); // d wants all of them
  for (const { open } of gates.values()) open();
  await Promise.all(others);
  expect(log).toEqual(['a', 'b', 'c', 'd']);
});

test('after a failure nothing new begins, what is under way ends, and the first failure is thrown', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (item: number): Promise<number> => {
    begun.push(item);
    await turn();
    if (item === 1) throw new Error('one');
    await turn();
    await turn();
    ended.push(item);
    return item * 10;
  };
  await expect(eachOf([0, 1, 2, 3, 4], 2, work)).rejects.toThrow('one');
  expect(begun).toEqual([0, 1]);
  expect(ended).toEqual([0]);
  expect(await eachOf([5, 4, 3], 8, work)).toEqual([50, 40, 30]);
});
