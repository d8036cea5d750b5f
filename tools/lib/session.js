'use strict';
// One model in ONNX Runtime: loading, inputs, timed runs.
//
// The synchronous binding under the package's public interface is called directly: the public one
// goes through the event loop for every run, which costs some 0.3 ms. The package is pinned to the
// version whose binding this is.

const fs = require('node:fs');
const path = require('node:path');

const LONG_RUN_S = 1e-3;

let runtime;

/** Loads the package; throws an Error that says how to install it. */
function load_runtime() {
  if (runtime) return runtime;
  try {
    const { binding, initOrt } = require('onnxruntime-node/dist/binding');
    const { Tensor } = require('onnxruntime-common');
    const { version } = require('onnxruntime-node/package.json');
    const { env } = require('onnxruntime-common');
    env.logLevel = 'error';
    initOrt();
    runtime = { binding, Tensor, version };
  } catch (error) {
    const first = String(error.message).split('\n')[0];
    const folder = path.relative('', path.join(__dirname, '..')) || '.';
    throw new Error(`ONNX Runtime cannot be loaded: ${first}\n  hint: npm ci --ignore-scripts --prefix ${folder}`);
  }
  return runtime;
}

// TensorProto.DataType -> name of the binding, typed array, and the i-th of some random elements.
// Floats lie in [0.5, 1.5): every chain of functions of them stays finite and normal. Integers are
// 0 and 1: valid as indices of anything, as token types and as masks.
const FLOAT = (random) => 0.5 + random;
const BIT = (random) => (random < 0.5 ? 0 : 1);
const BYTE = (random) => Math.floor(256 * random);
const HALF = (random) => 0x3800 + Math.floor(0x600 * random);  // bits of [0.5, 1.25)
const TYPES = {
  1: ['float32', Float32Array, FLOAT],
  2: ['uint8', Uint8Array, BYTE],
  3: ['int8', Int8Array, (random) => BYTE(random) - 128],
  4: ['uint16', Uint16Array, BIT],
  5: ['int16', Int16Array, BIT],
  6: ['int32', Int32Array, BIT],
  7: ['int64', BigInt64Array, (random) => BigInt(BIT(random))],
  9: ['bool', Uint8Array, BIT],
  10: ['float16', Uint16Array, HALF],
  11: ['float64', Float64Array, FLOAT],
  12: ['uint32', Uint32Array, BIT],
  13: ['uint64', BigUint64Array, (random) => BigInt(BIT(random))],
};

/** Pseudo-random numbers of [0, 1), the same on every machine (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z = (z + Math.imul(z ^ (z >>> 7), z | 61)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
}

class Model {
  /** `source`: a path, or the bytes of a model. `profile_prefix`: of the profile, none by default. */
  constructor(source, settings, profile_prefix) {
    const { binding } = load_runtime();
    const options = {
      intraOpNumThreads: settings.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: settings.level,
      logSeverityLevel: 3,
    };
    if (profile_prefix) Object.assign(options, { enableProfiling: true, profileFilePrefix: profile_prefix });
    this.threads = settings.threads;
    this.session = new binding.InferenceSession();
    if (typeof source === 'string') {
      this.session.loadModel(source, options);
    } else {
      this.session.loadModel(source.buffer, source.byteOffset, source.byteLength, options);
    }
    this.dims = {};
    this.feeds = {};
    this.session.inputMetadata.forEach((input, index) => {
      this.feeds[input.name] = this.random_input(input, index, settings);
    });
    this.fetches = Object.fromEntries(this.session.outputMetadata.map(({ name }) => [name, null]));
  }

  shape_of(input, settings) {
    if (settings.shapes[input.name]) return settings.shapes[input.name];
    return input.shape.map((size, axis) => {
      if (size >= 0) return size;
      const symbol = input.symbolicDimensions[axis];
      const chosen = settings.dims[symbol] ?? 1;
      if (symbol) this.dims[symbol] = chosen;
      return chosen;
    });
  }

  random_input(input, index, settings) {
    const kind = input.isTensor && TYPES[input.type];
    if (!kind) throw new Error(`input '${input.name}' is no tensor of numbers`);
    const [type, TypedArray, element] = kind;
    const dims = this.shape_of(input, settings);
    const data = new TypedArray(dims.reduce((a, b) => a * b, 1));
    const random = generator(index + 1);
    for (let i = 0; i < data.length; ++i) data[i] = element(random());
    return new runtime.Tensor(type, data, dims);
  }

  run() {
    return this.session.run(this.feeds, this.fetches, {});
  }

  /** First runs. The results become buffers that later runs write to instead of fresh memory. */
  warm_up() {
    const results = this.run();
    for (const [name, tensor] of Object.entries(results)) {
      this.fetches[name] = tensor && tensor.type !== 'string' && tensor.size > 0 ? tensor : null;
    }
    this.run();
  }

  /** Half the number of inputs and outputs, and bytes of results: what a call's own cost depends on. */
  ports() {
    const results = Object.values(this.fetches);
    return {
      pairs: (Object.keys(this.feeds).length + results.length) / 2,
      result_bytes: results.reduce((sum, tensor) => sum + (tensor?.data.byteLength ?? 0), 0),
    };
  }

  /**
   * Seconds of each of some runs: at least `least`, more until `until_s` (of now_s), at most `most`.
   * Without `stolen_s`, which the host of a virtual machine took away meanwhile: one thread's
   * processor time does not contain it. That counts microseconds, and short runs are hit too seldom
   * to matter.
   */
  timed_runs(least, until_s, most) {
    const seconds = [];
    const stolen_s = [];
    while (seconds.length < most && (seconds.length < least || now_s() < until_s)) {
      const cpu = process.cpuUsage();
      const start = process.hrtime.bigint();
      this.run();
      const wall_s = Number(process.hrtime.bigint() - start) * 1e-9;
      const { user, system } = process.cpuUsage(cpu);
      const lost_s = Math.max(0, wall_s - (user + system) * 1e-6);
      stolen_s.push(this.threads === 1 && wall_s > LONG_RUN_S ? lost_s : 0);
      seconds.push(wall_s - stolen_s.at(-1));
    }
    return { seconds, stolen_s };
  }

  close() {
    this.session.dispose();
  }

  /** Ends the session and returns the events of its profile, whose file is deleted. */
  close_profile(prefix) {
    this.session.endProfiling();
    this.close();
    const folder = path.dirname(prefix);
    const name = fs.readdirSync(folder).find((file) => file.startsWith(path.basename(prefix)));
    if (!name) throw new Error('the runtime wrote no profile');
    const events = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'));
    fs.unlinkSync(path.join(folder, name));
    return events;
  }
}

function now_s() {
  return Number(process.hrtime.bigint()) * 1e-9;
}

module.exports = { Model, load_runtime, now_s };
