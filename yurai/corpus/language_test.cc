#include "yurai/corpus/language.h"

#include <gmock/gmock.h>

namespace yurai {
namespace {

TEST(Language, TellsJapaneseFromEnglish) {
  EXPECT_EQ(detect_language("このコマンドは、指定されたファイルの内容を標準出力に表示します。"),
            "ja");
  EXPECT_EQ(detect_language("This command prints the contents of the given files to the standard "
                            "output, one after the other."),
            "en");
}

TEST(Language, TellsOtherLanguages) {
  EXPECT_EQ(detect_language("Dieser Befehl schreibt den Inhalt der angegebenen Dateien auf die "
                            "Standardausgabe, eine nach der anderen."),
            "de");
}

TEST(Language, FindsJapaneseAmongCommands) {
  EXPECT_EQ(detect_language("ls -l --all --color=auto を実行する"), "ja");
}

TEST(Language, SaysNothingOfNumbers) { EXPECT_EQ(detect_language("1 2 3 4"), ""); }
TEST(Language, SaysNothingOfNothing) { EXPECT_EQ(detect_language(""), ""); }

}  // namespace
}  // namespace yurai
