/** What the stand-in says of a training run: numbers of its own, in the form of the API. */
const hash = (digit) => digit.repeat(64);
const lossAt = (step) => Number((2 + 5 * Math.exp(-step / 30) + 0.2 * Math.sin(step)).toFixed(4));

/** The steps that read bytes of a document. */
export function exposuresOf(begin, end) {
  const seen = [4, 90, 177].map((step, epoch) => ({ stage: 'pretrain', step, epoch, byte_begin: begin, byte_end: end, loss: lossAt(step) }));
  return { seen, seen_total: seen.length, loss_first: seen[0].loss, loss_last: seen[2].loss, loss_now: 1.9, held_out: false, exact_bytes: true };
}

export function run(corpus_sha256, documents) {
  let sum = 0;
  let weight = 0;
  const metrics = Array.from({ length: 240 }, (_, step) => {
    sum = 0.95 * sum + lossAt(step);
    weight = 0.95 * weight + 1;
    return {
      step, epoch: Math.floor(step / 80), tokens: 2048 * (step + 1), loss_nats: lossAt(step), learning_rate: 0.01, gradient_norm: 1,
      ...(step % 60 === 59 ? { validation_nats: lossAt(step) + 0.3, validation_error: 0.12 } : {}), running_mean_nats: sum / weight,
    };
  });
  return {
    name: 'run',
    run: {
      format: 'yurai-run', format_version: 1, tool_version: '0.1.0',
      configuration: { vocabulary: 1024, stage: 'pretrain', seed: 0, model: { preset: '1M', layers: 4 }, batch: { sequence_tokens: 128, sequences: 16 } },
      corpus_sha256, tokenizer_sha256: hash('b'), tokens: 90_000, documents, validation_documents: 1,
    },
    model: {
      id: 'step-240', architecture: 'LlamaForCausalLM',
      parameters: { total: 541_536, active: 541_536, embedding: 98_304, attention: 147_456, mlp: 294_912, router: 0, norm: 864 },
      vocabulary_size: 1024, hidden_size: 96, intermediate_size: 256, num_layers: 4, num_heads: 3, num_kv_heads: 3, head_size: 32,
      tied_embeddings: true, context_length: 128, sliding_window: null, rope_theta: 10000, rope_scaling: null, experts: null,
    },
    lineage: [{ format: 'yurai-corpus', format_version: 2, tool_version: '0.1.0', checksum: hash('c'), made_from: [], num_inputs: 1, facts: { documents } }],
    ledger: { steps: 240, tokens_per_epoch: 88_000, chain_head: hash('d') },
    metrics,
  };
}
