import { ProductError } from '../../domain/errors.ts';
import { getPointer, movePointer, type ObjectStore } from '../object-store/port.ts';
import type { Alert, Alerts } from './port.ts';

/**
 * Raise each alert (condition and date, by its id) once, however often its stage runs again. The mark is made after the alert is out:
 * a crash between the two repeats an alert, which is better than losing one.
 */
export function onceAlerts(alerts: Alerts, store: ObjectStore, strategy: string): Alerts {
  return {
    async raise(alert: Alert): Promise<void> {
      const name = `alerts/${alert.id.replaceAll(/[^\w-]+/g, '-')}`;
      if (await getPointer(store, strategy, name)) return;
      await alerts.raise(alert);
      await movePointer(store, strategy, name, alert, null).catch((error) => {
        if (!(error instanceof ProductError && error.code === 'OBJECT_PRECONDITION')) throw error;
      });
    },
  };
}
