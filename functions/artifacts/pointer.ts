import { getPointer, movePointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import { ProductError } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';

/** Bring a pointer to `value`. Nothing is written when it is there already; a race with a writer of the same value is no error. */
export async function settlePointer(store: ObjectStore, strategy: string, name: string, value: unknown): Promise<void> {
  const wanted = canonicalJson(value);
  const current = await getPointer<unknown>(store, strategy, name);
  if (current && canonicalJson(current.value) === wanted) return;
  try {
    await movePointer(store, strategy, name, value, current?.etag ?? null);
  } catch (error) {
    if (!(error instanceof ProductError && error.code === 'OBJECT_PRECONDITION')) throw error;
    const now = await getPointer<unknown>(store, strategy, name);
    if (!now || canonicalJson(now.value) !== wanted) throw error;
  }
}

/** Like `settlePointer`, for a pointer whose value has a date: it is never moved to an earlier one. */
export async function advancePointer(
  store: ObjectStore,
  strategy: string,
  name: string,
  value: { date: string; [fact: string]: unknown },
): Promise<void> {
  const current = await getPointer<{ date: string }>(store, strategy, name);
  if (current && current.value.date > value.date) return;
  await settlePointer(store, strategy, name, value);
}
