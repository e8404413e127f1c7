#include "yurai/lm/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "yurai/base/file.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;

constexpr const char* kChatMl =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ "
    "'<|im_start|>assistant\n' }}{% endif %}";

constexpr const char* kLlama3 =
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = "
    "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim "
    "+ '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif "
    "%}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ "
    "'<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";

constexpr const char* kLlama2 =
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set "
    "system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set "
    "system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] "
    "== 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate "
    "user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != "
    "false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + "
    "message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if "
    "message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif "
    "message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% "
    "endfor %}";

constexpr const char* kMistral =
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 "
    "% 2 == 0) %}{{ raise_exception('Conversation roles must alternate "
    "user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] "
    "' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ "
    "message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles "
    "are supported!') }}{% endif %}{% endfor %}";

constexpr const char* kLlmJp =
    "{{bos_token}}{% for message in messages %}{% if message['role'] == 'user' %}{{ '\\n\\n### "
    "指示:\\n' + message['content'] }}{% elif message['role'] == 'system' %}{{ "
    "'以下は、タスクを説明する指示です。要求を適切に満たす応答を書きなさい。' }}{% elif "
    "message['role'] == 'assistant' %}{{ '\\n\\n### 応答:\\n' + message['content'] + eos_token "
    "}}{% endif %}{% if loop.last and add_generation_prompt %}{{ '\\n\\n### 応答:\\n' }}{% endif "
    "%}{% endfor %}";

/// What the templates of models that think and call tools need, in the manner of Qwen3.
constexpr const char* kThinking = R"({%- if tools %}
    {{- '<|im_start|>system\n# Tools\n<tools>' }}
    {%- for tool in tools %}
        {{- "\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\n</tools><|im_end|>\n" }}
{%- endif %}
{%- set ns = namespace(searching=true, last_question=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and not(message.content.startswith('<tool_response>')) %}
        {%- set ns.searching = false %}
        {%- set ns.last_question = index %}
    {%- endif %}
{%- endfor %}
{%- macro call(name, arguments) %}
<tool_call>{"name": "{{ name }}", "arguments": {{ arguments if arguments is string else arguments | tojson }}}</tool_call>
{%- endmacro %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == "assistant" %}
        {%- set thought = '' %}
        {%- if '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {{- '<|im_start|>' ~ message.role ~ '\n' }}
        {%- if loop.index0 > ns.last_question and (loop.last or thought) %}
            {{- '<think>\n' + thought.strip('\n') + '\n</think>\n\n' }}
        {%- endif %}
        {{- content }}
        {%- for tool_call in message.tool_calls or [] %}
            {%- if tool_call.function %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- call(tool_call.name, arguments=tool_call.arguments) }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' ~ content ~ '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %})";

/// Parts of Jinja, each against the library's answer.
constexpr const char* kParts[] = {
    "{{ 1 + 2 * 3 }}|{{ 7 // 2 }}|{{ -7 // 2 }}|{{ -7 % 3 }}|{{ 7 / 2 }}|{{ 2 ** 10 }}|{{ -2|abs "
    "}}",
    "{{ 0.1 + 0.2 }}|{{ 1.0 }}|{{ 10000000000000000.0 * 10 }}|{{ true }}|{{ none }}|{{ missing }}",
    "{{ [1, 'a', None, true, {'x': \"it's\"}, 'é\\n'] }}|{{ ['あ', 1.5, {}]|tojson }}",
    "{{ messages|tojson(indent=2) }}|{{ [] | tojson(indent=2) }}",
    "{{ 'abcdef'[::-1] }}|{{ 'abcdef'[-2:] }}|{{ 'あいう'[1] }}|{{ [1,2,3,4][1:3] }}|{{ 'a'[9] }}",
    "{% for i in range(9) %}{% if i == 3 %}{% continue %}{% endif %}{% if i == 6 %}{% break %}"
    "{% endif %}{{ loop.index }}{{ loop.revindex }}{{ loop.last }},{% endfor %}",
    "{% for i in [1,2,3,4] if i % 2 == 0 %}{{ i }}{{ loop.length }}{% else %}none{% endfor %}",
    "{% set ns = namespace(x=1) %}{% set z = 0 %}{% for i in range(3) %}{% set ns.x = ns.x + i %}"
    "{% set z = i %}{% endfor %}{{ ns.x }}{{ z }}",
    "{% macro m(a, b='d') %}[{{ a }}-{{ b }}]{% endmacro %}{{ m(1) }}{{ m(b=3, a=4)|upper }}",
    "  {% if true %}\n    a\n  {% endif %}\n  b\n  {%- if true -%}\n c\n {%- endif -%}\n d {# c #} "
    "e\n"
    "  {# line #}\nf {{- ' x ' -}} g\n\n{%+ if true +%}\n q{% endif %}\n",
    "{{ '　a　'.strip() }}|{{ '　a　'|trim }}|{{ 'xaxx'.strip('x') }}|{{ ' a  b '.split() }}|"
    "{{ 'a,b,c'.split(',', 1) }}|{{ 'a,b,c'.rsplit(',', 1) }}|{{ 'a\\nb\\n'.splitlines() }}",
    "{{ 'abc'.endswith(('x','c')) }}|{{ 'aaa'.replace('a', 'b', 2) }}|{{ 'Àß'.upper() }}|"
    "{{ 'hello wOrld'|title }}|{{ 'hELLO'|capitalize }}|{{ 'ab'.replace('', '-') }}",
    "{{ 'a' in 'abc' }}|{{ 1 not in [1,2] }}|{{ not 'a' in 'abc' }}|{{ 1 < 2 > 5 }}|{{ 'a' in {} "
    "}}",
    "{{ missing is defined }}|{{ messages[0] is mapping }}|{{ 3 is odd }}|{{ 4 is divisibleby 2 }}|"
    "{{ 3 is in [1,3] }}|{{ messages[0].none is undefined }}|{{ none is not none }}",
    "{{ 'a' ~ 1 ~ none }}|{{ 'a' if false }}|{{ 'a' if false else 'b' if false else 'c' }}",
    "{{ messages|map(attribute='role')|join(', ') }}|{{ messages|selectattr('role', 'equalto', "
    "'user')|list|length }}|{{ [3,1,2]|sort }}|{{ 'abc'|reverse }}|{{ 'あい'|length }}",
    "{{ missing|default('d') }}|{{ ''|default('d', true) }}|{{ '12'|int + 1 }}|{{ 3.7|int }}",
    "{% set x %}b {{ 1 }}{% endset %}{{ x }}{% set a, b = 1, 2 %}{{ a + b }}"
    "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}",
    "{% raw %}{{ not }} {% x %}{% endraw %} a {{ \"q\\\"d \\u3042 \\x41\" }}{{ 'a' 'b' }}",
    "{{ raise_exception('no') }}",
    "{{ missing.y }}",
    "{{ 1 / 0 }}",
    "{{ 'a' + 1 }}",
    "{% if %}",
    "{{ 'a",
    "{% endfor %}",
};

Json random_messages(std::mt19937_64& random) {
  const char* words[] = {"こんにちは", "  hi there ", "<think>\nx\n</think>\n\nanswer",
                         "",           "a\nb\n",      "### 指示:\nx",
                         "\"q\" it's", "　全角　",    "<tool_response>"};
  const char* roles[] = {"user", "assistant", "tool", "system"};
  const auto pick = [&](uint64_t n) { return random() % n; };
  Json messages = Json::array();
  if (pick(2) == 0) messages.push_back({{"role", "system"}, {"content", words[pick(9)]}});
  const uint64_t size = 1 + pick(6);
  for (uint64_t i = 0; i < size; ++i) {
    const char* role = pick(10) > 0 ? roles[i % 2] : roles[pick(4)];
    Json message = {{"role", role}, {"content", words[pick(9)]}};
    if (pick(6) == 0) {
      const Json call = {{"name", "f"}, {"arguments", {{"x", 1}, {"y", {"あ", 1.5}}}}};
      message["tool_calls"] = Json::array({Json{{"type", "function"}, {"function", call}}});
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

std::string rendered(const char* text, const Json& messages, ChatRenderOptions options = {}) {
  const auto chat = ChatTemplate::parse(text);
  EXPECT_TRUE(chat) << chat.error().message;
  if (!options.bos) options.bos = "<s>";
  if (!options.eos) options.eos = "</s>";
  const auto prompt = chat->render(messages, options);
  EXPECT_TRUE(prompt) << prompt.error().message;
  return prompt.value_or("");
}

std::string error_of(std::string_view text, const Json& messages = Json::array()) {
  const auto chat = ChatTemplate::parse(text);
  if (!chat) return chat.error().message;
  const auto prompt = chat->render(messages, {});
  return prompt ? "" : prompt.error().message;
}

const Json kTalk =
    Json::parse(R"([{"role":"system","content":"S"},{"role":"user","content":" U "},)"
                R"({"role":"assistant","content":"A"},{"role":"user","content":"V"}])");

TEST(ChatTemplate, PublicTemplatesGiveWhatTheirModelsWereTrainedOn) {
  EXPECT_EQ(rendered(kChatMl, kTalk),
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n U <|im_end|>\n"
            "<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\nV<|im_end|>\n"
            "<|im_start|>assistant\n");
  EXPECT_EQ(rendered(kLlama3, kTalk, {.bos = "<|begin_of_text|>"}),
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nV<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
  EXPECT_EQ(rendered(kLlama2, kTalk),
            "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\n U [/INST] A </s><s>[INST] V [/INST]");
  const Json two = Json::parse(
      R"([{"role":"user","content":"U"},{"role":"assistant","content":"A"},{"role":"user","content":"V"}])");
  EXPECT_EQ(rendered(kMistral, two), "<s>[INST] U [/INST]A</s>[INST] V [/INST]");
  EXPECT_EQ(rendered(kLlmJp, kTalk),
            "<s>以下は、タスクを説明する指示です。要求を適切に満たす応答を書きなさい。"
            "\n\n### 指示:\n U \n\n### 応答:\nA</s>\n\n### 指示:\nV\n\n### 応答:\n");
  const Json think = Json::parse(R"([{"role":"user","content":"U"}])");
  EXPECT_EQ(rendered(kThinking, think, {.variables = {{"enable_thinking", false}}}),
            "<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n");
  EXPECT_EQ(rendered(kThinking, think, {.add_generation_prompt = false}),
            "<|im_start|>user\nU<|im_end|>\n");
}

TEST(ChatTemplate, WhatATemplateRaisesIsAnErrorWithItsLine) {
  EXPECT_THAT(error_of(kMistral, Json::parse(R"([{"role":"assistant","content":""}])")),
              HasSubstr("roles must alternate"));
  EXPECT_EQ(error_of("a\n\n{{ raise_exception('x\x1b') }}"),
            "chat template, line 3: the template says: x\\u001b");
  EXPECT_EQ(error_of("\n{% if %}"), "chat template, line 2: '%}' was not expected");
  EXPECT_THAT(error_of("{% include 'x' %}"), HasSubstr("'include' is not supported"));
  EXPECT_THAT(error_of("{{ [].append(1) }}"), HasSubstr("is no function"));
  EXPECT_THAT(error_of("{{ 'a'|nothing }}"), HasSubstr("filter 'nothing'"));
  EXPECT_THAT(error_of("{{ open('x') }}"), HasSubstr("'open' is no function"));
  EXPECT_THAT(error_of("\xff"), HasSubstr("UTF-8"));
}

TEST(ChatTemplate, AHostileTemplateEndsInAnError) {
  const auto many = [](size_t n, const std::string& a, const std::string& b, const std::string& c) {
    std::string text;
    for (size_t i = 0; i < n; ++i) text += a;
    text += b;
    for (size_t i = 0; i < n; ++i) text += c;
    return text;
  };
  const std::string hostile[] = {
      "{{ " + many(100'000, "(", "1", ")") + " }}",
      "{{ " + many(100'000, "[", "", "]") + " }}",
      "{{ 1" + many(100'000, " + 1", "", "") + " }}",
      "{{ a" + many(100'000, ".a", "", "") + " }}",
      "{{ " + many(100'000, "not ", "1", "") + " }}",
      "{{ " + many(100'000, "-", "1", "") + " }}",
      many(100'000, "{% if 1 %}", "", "{% endif %}"),
      "{% for a in range(1000000000) %}{% endfor %}",
      "{% for a in range(3000) %}{% for b in range(3000) %}{% for c in range(3000) %}{% endfor %}"
      "{% endfor %}{% endfor %}",
      "{{ 'a' * 1000000000000 }}",
      "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}"
      "{% endfor %}",
      "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x.replace('a', "
      "'aaaa') %}{% endfor %}",
      "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}"
      "{% endfor %}{{ ns.x }}",
      "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}"
      "{% endfor %}{{ ns.x == ns.x }}",
      "{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}",
      "{% set ns = namespace() %}{% set ns.x = ns %}",
      "{% set ns = namespace() %}{% set ns.x = [ns] %}",
      "{% set ns = namespace() %}{% set m = namespace(a=ns) %}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% for i in range(100000) %}{{ '" + std::string(1000, 'x') + "' }}{% endfor %}",
      "{{ [1,2]|tojson(indent=1000000000) }}",
      "{{ 9223372036854775807 + 1 }}",
      "{{ 2 ** 99999999999 }}",
      "{{ (0 - 9223372036854775807 - 1) // -1 }}",
      "{{ (0 - 9223372036854775807 - 1)|abs }}",
      "{{ 99999999999999999999 }}",
  };
  for (const std::string& text : hostile) {
    EXPECT_NE(error_of(text), "") << text.substr(0, 100);
  }
}

TEST(ChatTemplate, IsFoundInAModelsFolder) {
  const testing::TemporaryDirectory dir;
  EXPECT_EQ(ChatTemplate::open(dir.path()).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(write_file(
      dir / "tokenizer_config.json",
      R"({"bos_token":{"content":"<b>"},"eos_token":"<e>","chat_template":"{{ bos_token }}{{ eos_token }}"})"));
  EXPECT_EQ(ChatTemplate::open(dir.path())->render(Json::array(), {}).value(), "<b><e>");
  EXPECT_EQ(ChatTemplate::open(dir.path())->render(Json::array(), {.bos = "x"}).value(), "x<e>");
  ASSERT_TRUE(write_file(
      dir / "tokenizer_config.json",
      R"({"chat_template":[{"name":"tool_use","template":"t"},{"name":"default","template":"d"}]})"));
  EXPECT_EQ(ChatTemplate::open(dir.path())->text(), "d");
  EXPECT_EQ(ChatTemplate::open(dir.path(), "tool_use")->text(), "t");
  EXPECT_EQ(ChatTemplate::open(dir.path(), "x").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(write_file(dir / "chat_template.jinja", "file"));
  EXPECT_EQ(ChatTemplate::open(dir.path())->text(), "file");
  ASSERT_TRUE(write_file(dir / "tokenizer_config.json", "{"));
  EXPECT_FALSE(ChatTemplate::open(dir.path()));
}

/// Renders the jobs of a file with the library that transformers uses, set as it sets it.
constexpr const char* kOracle = R"(
import json, sys, jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)
env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
env.filters['tojson'] = tojson
env.globals['raise_exception'] = raise_exception
out = []
for job in json.load(open(sys.argv[1])):
    try:
        out.append(env.from_string(job['template']).render(**job['variables']))
    except Exception as error:
        out.append(None)
print(json.dumps(out))
)";

TEST(ChatTemplate, EqualsJinja2OnRandomMessages) {
  const auto there = run_process({"python3", "-c", "import jinja2"});
  if (!there || there->exit_status != 0) GTEST_SKIP() << "python3-jinja2 is not installed";
  std::mt19937_64 random(testing::test_seed());
  std::vector<const char*> templates = {kChatMl, kLlama3, kLlama2, kMistral, kLlmJp, kThinking};
  templates.insert(templates.end(), std::begin(kParts), std::end(kParts));
  Json jobs = Json::array();
  std::vector<std::optional<std::string>> ours;
  for (const char* text : templates) {
    for (int i = 0; i < 30; ++i) {
      ChatRenderOptions options{.bos = "<s>", .eos = "</s>", .add_generation_prompt = i % 2 == 0};
      if (random() % 3 == 0) options.variables["enable_thinking"] = random() % 2 == 0;
      if (random() % 3 == 0) {
        options.variables["tools"] = Json::array({Json{{"name", "f"}, {"description", "説明"}}});
      }
      const Json messages = random_messages(random);
      const auto chat = ChatTemplate::parse(text);
      const auto prompt = chat ? chat->render(messages, options) : Result<std::string>();
      ours.push_back(chat && prompt ? std::optional(*prompt) : std::nullopt);
      Json variables = {{"tools", nullptr},
                        {"documents", nullptr},
                        {"bos_token", "<s>"},
                        {"eos_token", "</s>"},
                        {"add_generation_prompt", options.add_generation_prompt}};
      variables.update(options.variables);
      variables["messages"] = messages;
      jobs.push_back({{"template", text}, {"variables", variables}});
    }
  }
  const testing::TemporaryDirectory dir;
  ASSERT_TRUE(write_file(dir / "jobs.json", dump_json(jobs)));
  const auto theirs = run_process({"python3", "-c", kOracle, (dir / "jobs.json").string()});
  ASSERT_TRUE(theirs && theirs->exit_status == 0) << theirs->err;
  const Json expected = Json::parse(theirs->out);
  ASSERT_EQ(expected.size(), ours.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    const Json got = ours[i] ? Json(*ours[i]) : Json(nullptr);
    EXPECT_EQ(got, expected[i]) << dump_json(jobs[i]);
  }
}

}  // namespace
}  // namespace yurai
