#include "yurai/text/kanji_forms.h"

namespace yurai {
namespace {

/// Old form, new form, old form, … by old form. The pairs are facts of Japanese standards: the
/// forms in brackets of the Jōyō Kanji Table (Cabinet Notice 2 of 2010) and those of the Jinmeiyō
/// table, as collected in OpenCC's JPShinjitaiCharacters.txt (Apache-2.0). Where one new form
/// replaced several characters (弁 for 辨, 瓣, 辯) all of them are here.
constexpr std::u32string_view kForms =
    U"乘乗亂乱亙亘亞亜佛仏來来倂併假仮傳伝僞偽價価儉倹兒児內内兩両凛凜剎刹剩剰劍剣劑剤勞労勳勲"
    U"勵励勸勧區区卷巻卻却卽即參参吳呉啞唖單単嚙噛嚴厳囑嘱圈圏國国圍囲圓円圖図團団堯尭增増墮堕"
    U"壓圧壘塁壞壊壤壌壯壮壹壱壽寿奧奥奬奨孃嬢學学寢寝實実寫写寬寛寶宝將将專専對対屆届屬属峯峰"
    U"峽峡嶽岳巖巌巢巣帶帯廢廃廣広廳庁彈弾彌弥彎弯彥彦徑径從従徵徴德徳恆恒悅悦惠恵惡悪惱悩愼慎"
    U"慘惨應応懷懐戀恋戰戦戲戯戶戸戾戻拂払拔抜拜拝挾挟插挿揭掲搔掻搖揺搜捜擇択擊撃擔担據拠擧挙"
    U"擴拡攝摂收収效効敍叙敕勅敘叙數数斷断晄晃晉晋晚晩晝昼曆暦曉暁曾曽會会查査條条棧桟榮栄槇槙"
    U"槪概樂楽樓楼樞枢樣様橫横檜桧檢検櫻桜權権歐欧歡歓步歩歲歳歷歴歸帰殘残殼殻毆殴每毎氣気污汚"
    U"沒没涉渉淚涙淨浄淺浅渴渇溪渓溫温溼湿滯滞滿満潛潜澀渋澁渋澤沢濕湿濟済濱浜瀧滝瀨瀬灣湾燈灯"
    U"燒焼營営爐炉爭争爲為犧犠狀状狹狭獎奨獨独獵猟獸獣獻献瓣弁甁瓶產産畫画當当疊畳瘦痩癡痴發発"
    U"盜盗盡尽眞真硏研碎砕祕秘祿禄禪禅禮礼禰祢禱祷稅税稱称稻稲穗穂穩穏穰穣竊窃竝並粹粋絕絶絲糸"
    U"經経綠緑緖緒緣縁縣県縱縦總総繩縄繪絵繼継續続纖繊缺欠罐缶羣群聰聡聲声聽聴肅粛脫脱腦脳腳脚"
    U"膽胆臟臓臺台與与舉挙舊旧舍舎艷艶莊荘莖茎萠萌萬万蔣蒋薰薫藏蔵藝芸藥薬處処虛虚號号螢蛍蟲虫"
    U"蠟蝋蠶蚕蠻蛮衞衛裝装襃褒覺覚覽覧觀観觸触說説謠謡證証譯訳譽誉讀読變変讓譲豐豊豫予貳弐賣売"
    U"賴頼贊賛踐践輕軽轉転辨弁辭辞辯弁遙遥遞逓遲遅邊辺郞郎鄉郷鄕郷醉酔醫医醬醤釀醸釋釈錄録錢銭"
    U"鍊錬鎭鎮鐵鉄鑄鋳鑛鉱閱閲關関陷陥隨随險険隱隠雙双雜雑雞鶏霸覇靈霊靜静顏顔顯顕飜翻餘余餠餅"
    U"騷騒驅駆驗験驛駅髓髄體体髮髪鬪闘鬭闘鷄鶏鷗鴎鹽塩麥麦麪麺麴麹麵麺黃黄黑黒默黙點点黨党齊斉"
    U"齋斎齒歯齡齢龍竜龜亀";

}  // namespace

char32_t new_kanji_form(char32_t c) {
  size_t low = 0, high = kForms.size() / 2;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (kForms[2 * middle] < c) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < kForms.size() / 2 && kForms[2 * low] == c ? kForms[2 * low + 1] : c;
}

std::u32string_view kanji_forms() { return kForms; }

}  // namespace yurai
