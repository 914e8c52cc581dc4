import { curriculum } from './curriculum.ts';
import { learningCurves } from './learning-curves.ts';
import { population } from './population.ts';
import { pretraining } from './pretraining.ts';
import type { Study } from './study.ts';

export const STUDIES: Readonly<Record<string, Study>> = Object.fromEntries(
  [learningCurves(), population(), curriculum(), pretraining()].map((study) => [study.name, study as Study]),
);
