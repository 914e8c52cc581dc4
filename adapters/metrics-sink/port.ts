export interface MetricsSink {
  /** Units: CloudWatch names. Dimensions: stage and environment only. */
  emit(stage: string, metrics: Record<string, { value: number; unit: 'Seconds' | 'Count' | 'None' | 'Bytes' }>): void;
}
