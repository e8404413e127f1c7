#include "apps/yurai/cli.h"
#include "apps/yurai/tokenizer_training.h"

namespace yurai::cli {

Result<void> run_tokenizer_training(const TokenizerTrainArguments&) {
  return fail(ErrorCode::kInvalidArgument,
              tr("yurai-models cannot learn tokenizers; use `yurai tokenizer train`",
                 "yurai-models ではトークナイザーを学習できません。`yurai tokenizer train` "
                 "を使ってください"));
}

}  // namespace yurai::cli
