/**
 * ONNX Runtime's Linux builds report sessions, names of models and hashes of weights to their maker, and keep a device id in the home folder,
 * unless this is set before the first session. Import it before `onnxruntime-node`.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
