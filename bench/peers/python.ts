import { fileURLToPath } from 'node:url';
import { pinned as pinnedIn, venvPython } from '../../e2e/python/venv.ts';

const REQUIREMENTS = fileURLToPath(new URL('./requirements.txt', import.meta.url));

/** The interpreter with PyTorch, Stable-Baselines3 and JAX: a few minutes and gigabytes at the first use; null where Python is missing. */
export const peerPython = (): string | null => venvPython('bench-train-peers', REQUIREMENTS);

/** The version of a peer. */
export const pinned = (name: string): string => pinnedIn(REQUIREMENTS, name);
