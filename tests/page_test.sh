#!/usr/bin/env bash
# Filters and builds the fixture corpus, serves it and drives the page in Chromium: tests/page_test.sh YURAI
set -euo pipefail
yurai=$(realpath "$1")
cd "$(dirname "$0")/../web"

work=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

"$yurai" corpus filter tests/fixture_chain.toml tests/fixture_corpus.jsonl tests/fixture_rejected.jsonl \
  --words tests/fixture_words --out "$work/filtered"
"$yurai" corpus build "$work/corpus" "$work/filtered"
"$yurai" index build "$work/index" --corpus "$work/corpus" --fold
# A run over the corpus, where the program can train: else the tests of it say that they are skipped.
run=()
if [ -x "$(dirname "$yurai")/yurai-models" ]; then
  cat >"$work/run.toml" <<END
corpus = "$work/corpus"
vocabulary = 600
model = { hidden_size = 16, layers = 1, heads = 2, inner_size = 32 }
batch = { sequence_tokens = 64, sequences = 4, micro_batch = 4 }
schedule = { steps = 40, learning_rate = 0.01 }
validation = { share = 0.3, every = 10, sequences = 4 }
END
  "$yurai" train "$work/run.toml" --out "$work/run"
  run=(--model "$work/run")
else
  echo "page_test: no yurai-models beside $yurai: the tests of a training run are skipped"
fi
"$yurai" serve --index "$work/index" --filtered "$work/filtered" "${run[@]}" --listen 127.0.0.1:0 >"$work/serve.log" 2>&1 &
server=$!
for _ in $(seq 100); do
  url=$(sed -n 's/.*\(http:\/\/127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/serve.log" | head -1)
  [ -z "$url" ] || break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
! grep -q 'page is not built' "$work/serve.log" || { echo "page_test: no page beside $yurai"; exit 1; }
[ -n "$url" ] || { cat "$work/serve.log"; echo "page_test: the server did not start"; exit 1; }
YURAI_BIN=$yurai YURAI_FILTERED=$work/filtered npm run --silent test:page -- --base-url "$url" || { cat "$work/serve.log"; exit 1; }
