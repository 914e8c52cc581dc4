import type { z } from 'zod';
import { getArtifactFile, getManifest, type ObjectStore } from '../../adapters/object-store/port.ts';
import { refused } from '../../domain/errors.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import { type GateReport, gateReportSchema } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES, type Model, modelSchema } from '../../domain/lineage/model.ts';

/** A candidate or model folder, every file hash-checked. */
export interface LoadedModel {
  readonly ref: ArtifactRef;
  readonly model: Model;
  /** `policy.onnx`, as stored; parsed by a policy runtime. */
  readonly policy: Uint8Array;
  /** `training-record.json`, as stored. */
  readonly record: Uint8Array;
  /** null in a candidate folder. */
  readonly gateReport: GateReport | null;
  readonly inputs: Record<string, ArtifactRef>;
}

/** Read a candidate or model folder. @throws OBJECT_HASH_MISMATCH on a changed byte, MODEL_FILE on a file that is not what it must be. */
export async function loadModel(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<LoadedModel> {
  const manifest = await getManifest(store, strategy, ref);
  const file = (name: string) => getArtifactFile(store, strategy, ref, name);
  const [modelBytes, policy, record] = await Promise.all([
    file(MODEL_FILES.model),
    file(MODEL_FILES.policy),
    file(MODEL_FILES.record),
  ]);
  const model = parseFile(modelSchema, modelBytes, ref, MODEL_FILES.model);
  const specHash = hashOf(model.featureSpec);
  if (specHash !== model.featureSpecHash) {
    throw modelFile(
      ref,
      MODEL_FILES.model,
      `featureSpecHash is ${model.featureSpecHash}, the feature spec hashes to ${specHash}`,
    );
  }
  if (model.normaliser.mean.length !== model.featureSpec.columns.length) {
    throw modelFile(ref, MODEL_FILES.model, 'the normaliser does not have one mean per feature column');
  }
  const gateReport =
    MODEL_FILES.gateReport in manifest.files
      ? parseFile(gateReportSchema, await file(MODEL_FILES.gateReport), ref, MODEL_FILES.gateReport)
      : null;
  return { ref, model, policy, record, gateReport, inputs: manifest.inputs };
}

function parseFile<T>(schema: z.ZodType<T>, bytes: Uint8Array, ref: ArtifactRef, name: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw modelFile(ref, name, 'it is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw modelFile(ref, name, `${issue.path.join('.') || '(root)'}: ${issue.message}`);
}

const modelFile = (ref: ArtifactRef, file: string, problem: string) =>
  refused('MODEL_FILE', 'A file of the model folder is not what it must be', {
    facts: { kind: ref.kind, hash: ref.hash, file, problem },
    remedy: 'Train and register the model again.',
  });
