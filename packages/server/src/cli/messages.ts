import type { Language } from '@magpie/common/i18n/translator.ts';
import { OPERATOR_MESSAGES } from './operator-messages.ts';
import { START_MESSAGES } from './start-messages.ts';

/** Every sentence of the server's command line, English and Chinese side by side; `{name}` is filled in. */
const CATALOGUE = {
  'help.program': ['Runs and looks after a Magpie server.', '运行和管理 Magpie 服务器。'],
  'help.run': [
    'Runs the server until SIGTERM or Ctrl-C. Once it is ready it prints the line to hand out to users.',
    '运行服务器，直到收到 SIGTERM 或 Ctrl-C。就绪后打印一行地址，可直接发给用户。',
  ],
  'help.check-config': ['Checks the configuration and says what is wrong with it.', '检查配置，并指出其中的错误。'],
  'help.notice': ['Notices to users.', '向用户发布公告。'],
  'help.notice-send': [
    'Sends a notice to everybody; who is away gets it at the next login. With - the text comes from standard input.',
    '向所有用户发送公告；不在线的用户下次登录时收到。参数为 - 时从标准输入读取正文。',
  ],
  'help.usage': ['Usage:', '用法：'],
  'help.arguments': ['Arguments:', '参数：'],
  'help.options': ['Options:', '选项：'],
  'help.commands': ['Commands:', '命令：'],
  'help.options-placeholder': ['[options]', '[选项]'],
  'help.command-placeholder': ['[command]', '[命令]'],
  'help.version': ['Shows the version.', '显示版本。'],
  'help.help': ['Shows this help.', '显示本帮助。'],
  'option.listen': [
    'address to listen on, repeatable (default [::]:10000; port 0: a free one)',
    '监听地址，可重复（默认 [::]:10000；端口 0 表示自动选择）',
  ],
  'option.data': ['folder of the database and the key', '存放数据库和密钥的文件夹'],
  'option.config': ['TOML file with the configuration', 'TOML 配置文件'],
  'option.registration': ['who may register: open, invite or closed', '注册方式：open、invite 或 closed'],
  'option.log-level': ['error, warn, info or debug', 'error、warn、info 或 debug'],
  'option.public-host': ['name or address in the line to hand out', '发给用户的地址中使用的主机名或 IP'],
  'option.new-key': [
    'make a new key when the old one is lost; users will see the change',
    '旧密钥丢失时生成新密钥；用户会看到密钥变更提示',
  ],
  'option.new-database': [
    'make a new database when the old one is lost; every account is gone',
    '旧数据库丢失时新建数据库；所有账号都将不复存在',
  ],
  'option.json': ['print one JSON object', '输出一个 JSON 对象'],
  'option.lang': ['language: en or zh-CN', '语言：en 或 zh-CN'],

  'run.ready': [
    'The server is ready. Hand this line to the people who join:',
    '服务器已就绪。请将下面这行发给要加入的人：',
  ],
  'run.stopping': ['Stopping …', '正在停止……'],
  'run.stopped': ['Stopped.', '已停止。'],
  'config.fine': ['The configuration is fine.', '配置正确。'],

  'usage.unknown-option': ['There is no option {given}{suggestion}.', '没有选项 {given}{suggestion}。'],
  'usage.unknown-command': ['There is no command {given}{suggestion}.', '没有命令 {given}{suggestion}。'],
  'usage.missing-argument': ['The argument {given} is missing.', '缺少参数 {given}。'],
  'usage.option-value-missing': ['The option {given} needs a value.', '选项 {given} 需要一个值。'],
  'usage.excess-arguments': ['There are more arguments than this command takes.', '参数过多。'],
  'usage.command-missing': [
    'Say what to do: there are commands to choose from.',
    '请写明要做什么：此命令下还有子命令。',
  ],
  'usage.other': ['The command line cannot be understood: {detail}', '命令用法有误：{detail}'],
  'usage.see-help': ['See magpie-server --help', '请看 magpie-server --help'],
  'error.bad-config': ['The configuration has mistakes:', '配置有误：'],
  'error.config-unreadable': [
    'The configuration file {path} cannot be read ({detail}).',
    '无法读取配置文件 {path}（{detail}）。',
  ],
  'error.empty-notice': ['A notice needs a text.', '公告内容不能为空。'],
  'error.notice-too-large': ['A notice has at most {max} bytes.', '公告最多 {max} 字节。'],
  'error.not-running': ['No server runs on {path}.', '{path} 上没有运行中的服务器。'],
  'error.not-running.hint': ['Start it: magpie-server run --data {path}', '请先启动：magpie-server run --data {path}'],
  'error.forbidden': [
    'You may not command the server on {path}: it belongs to another user.',
    '无权管理 {path} 上的服务器：它属于其他用户。',
  ],
  'error.no-answer': ['The server on {path} gives no answer.', '{path} 上的服务器没有响应。'],
  'error.command-failed': ['The server could not do it: {detail}', '服务器执行失败：{detail}'],
  ...START_MESSAGES,
  ...OPERATOR_MESSAGES,
} as const satisfies Record<string, readonly [en: string, zhCN: string]>;

export type MessageKey = keyof typeof CATALOGUE;
export type MessageValues = Readonly<Record<string, string | number>>;
export type Messages = (key: MessageKey, values?: MessageValues) => string;

export function messagesIn(language: Language): Messages {
  const column = language === 'zh-CN' ? 1 : 0;
  return (key, values = {}) =>
    CATALOGUE[key][column].replaceAll(/\{([a-z]+)\}/gi, (whole, name: string) => String(values[name] ?? whole));
}

export function isMessageKey(key: string): key is MessageKey {
  return Object.hasOwn(CATALOGUE, key);
}
