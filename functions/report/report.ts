import { putArtifact } from '../../adapters/object-store/port.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { advancePointer, settlePointer } from '../artifacts/pointer.ts';
import { defineStage } from '../middleware/stage.ts';
import { reportHtml } from './html.ts';
import { inputsOf, loadMaterial, reportInput, reportNeeds } from './load.ts';
import { reportMarkdown } from './markdown.ts';

export const REPORT_FILES = { markdown: 'report.md', html: 'report.html', summary: 'summary.json' } as const;

/** The day for people: one Markdown file, one self-contained page, and the summary that the command prints. */
export const reportStage = defineStage({
  name: 'report',
  input: reportInput,
  needs: reportNeeds,
  isFinal: () => true,
  async run(event, ports) {
    const { strategy, date, universe } = event;
    const material = await loadMaterial(event, ports);
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    const report = await putArtifact(ports.store, strategy, {
      kind: 'reports',
      files: {
        [REPORT_FILES.markdown]: text(reportMarkdown(material)),
        [REPORT_FILES.html]: text(reportHtml(material)),
        [REPORT_FILES.summary]: text(canonicalJson(material.summary)),
      },
      inputs: inputsOf(event, material.challenger?.hash ?? null),
      facts: {
        date,
        universe,
        licence: material.universe.licence,
        redistribution: material.universe.redistribution,
        sourceLine: material.universe.sourceLine,
      },
    });
    await settlePointer(ports.store, strategy, `reports/by-date/${date}`, { report });
    await advancePointer(ports.store, strategy, 'reports/latest', { report, date });
    return { report };
  },
});
