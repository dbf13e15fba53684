import type { Language } from '@magpie/common/i18n/translator.ts';

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
    'Sends a notice to everybody who is online. With - the text comes from standard input.',
    '向所有在线用户发送公告。参数为 - 时从标准输入读取正文。',
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
  'run.invite-later': [
    'Registration by invitation is not built yet: for now nobody can register.',
    '邀请注册功能尚未实现：目前无法注册新账号。',
  ],
  'config.fine': ['The configuration is fine.', '配置正确。'],
  'notice.sent': [
    'Notice {id} is stored and was sent to {reached} sessions that are online.',
    '公告 {id} 已保存，并已发送给 {reached} 个在线会话。',
  ],

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

  'start.permissions': [
    'Others may read {subject}, which must be private.',
    '{subject} 可被其他用户访问，但它必须是私有的。',
  ],
  'start.permissions.hint': ['Type: {fix}', '请执行：{fix}'],
  'start.foreign-owner': [
    '{subject} belongs to another user (uid {detail}), who could read all that the server keeps there.',
    '{subject} 属于其他用户（uid {detail}），该用户可以读取服务器存放的全部数据。',
  ],
  'start.foreign-owner.hint': [
    'Start the server as that user, or choose a folder of your own with --data.',
    '请以该用户身份启动服务器，或用 --data 指定自己的文件夹。',
  ],
  'start.unreadable': ['{subject} cannot be used ({detail}).', '无法使用 {subject}（{detail}）。'],
  'start.unreadable.hint': [
    'Check what lies there and whether it belongs to you, or choose another folder with --data.',
    '请检查该位置的内容及其属主，或用 --data 指定其他文件夹。',
  ],
  'start.disk': [
    'The disk under {subject} is full or failing ({detail}).',
    '{subject} 所在磁盘已满或出现故障（{detail}）。',
  ],
  'start.disk.hint': ['Free some space and start again.', '请清理磁盘空间后重试。'],
  'start.already-running': ['Another server runs on {subject}.', '{subject} 上已有另一个服务器在运行。'],
  'start.already-running.hint': [
    'Stop it first, or choose another folder with --data.',
    '请先停止它，或用 --data 指定其他文件夹。',
  ],
  'start.key-corrupt': [
    '{subject} is damaged: it holds no server key.',
    '{subject} 已损坏：其中没有有效的服务器密钥。',
  ],
  'start.key-corrupt.hint': [
    'Restore it from a backup. Without it users see a changed fingerprint: move the file away and start once with --new-key.',
    '请从备份恢复。若没有备份，请移走该文件并用 --new-key 启动一次；用户会看到指纹变更。',
  ],
  'start.key-missing': [
    'There is a database but no server key at {subject}.',
    '存在数据库，但 {subject} 处没有服务器密钥。',
  ],
  'start.key-missing.hint': [
    'Restore the key from a backup. Without it start once with --new-key; users see a changed fingerprint.',
    '请从备份恢复密钥。若没有备份，请用 --new-key 启动一次；用户会看到指纹变更。',
  ],
  'start.address-in-use': ['Another program listens on {subject}.', '{subject} 已被其他程序占用。'],
  'start.address-in-use.hint': [
    'Stop it, or choose another address with --listen HOST:PORT.',
    '请停止该程序，或用 --listen HOST:PORT 指定其他地址。',
  ],
  'start.address-forbidden': ['This user may not listen on {subject}.', '当前用户无权监听 {subject}。'],
  'start.address-forbidden.hint': [
    'Choose a port from 1024 up with --listen HOST:PORT.',
    '请用 --listen HOST:PORT 指定 1024 及以上的端口。',
  ],
  'start.address-unavailable': [
    'This machine has no address {subject} ({detail}).',
    '本机没有地址 {subject}（{detail}）。',
  ],
  'start.address-unavailable.hint': [
    'Choose one of its own with --listen HOST:PORT.',
    '请用 --listen HOST:PORT 指定本机的地址。',
  ],
  'start.socket-path': [
    '{subject} belongs to somebody else, so the admin socket cannot be placed there.',
    '{subject} 属于其他用户，无法在其中创建管理套接字。',
  ],
  'start.socket-path.hint': ['Choose a data folder with a shorter path.', '请使用路径更短的数据文件夹。'],

  'store.missing': [
    'The server has its key, but its database {subject} is missing or empty.',
    '服务器密钥仍在，但数据库 {subject} 不存在或为空。',
  ],
  'store.missing.hint': [
    'Restore it from a backup. Without it every account is gone, and anybody may register the old names: start once with --new-database.',
    '请从备份恢复。若没有备份，所有账号都将不复存在，原有账号名可被任何人注册：请用 --new-database 启动一次。',
  ],
  'store.corrupt': ['The database {subject} is damaged ({detail}).', '数据库 {subject} 已损坏（{detail}）。'],
  'store.corrupt.hint': [
    'Restore it from a backup; the damaged file was not touched.',
    '请从备份恢复；损坏的文件未被改动。',
  ],
  'store.locked': ['Another program holds the database {subject}.', '数据库 {subject} 正被其他程序占用。'],
  'store.locked.hint': [
    'End that program (a backup, a database browser) and start again.',
    '请结束该程序（如备份或数据库浏览器）后重试。',
  ],
  'store.unreadable': ['The database {subject} cannot be opened ({detail}).', '无法打开数据库 {subject}（{detail}）。'],
  'store.unreadable.hint': ['Check that it is a file and belongs to you.', '请确认它是文件且属于当前用户。'],
  'store.foreign': ['{subject} is the database of another program.', '{subject} 是其他程序的数据库。'],
  'store.foreign.hint': ['Choose another folder with --data.', '请用 --data 指定其他文件夹。'],
  'store.newer-schema': [
    'The database {subject} was written by a newer version ({detail}).',
    '数据库 {subject} 由更新的版本写入（{detail}）。',
  ],
  'store.newer-schema.hint': [
    'Start that version, or restore the backup made before the upgrade.',
    '请使用该版本启动，或恢复升级前的备份。',
  ],
  'store.disk': [
    'The disk under {subject} is full or failing ({detail}).',
    '{subject} 所在磁盘已满或出现故障（{detail}）。',
  ],
  'store.disk.hint': ['Free some space and start again.', '请清理磁盘空间后重试。'],

  'config.bad-value': [
    '{source}: {key} is "{given}", but must be {expected}',
    '{source}：{key} 的值为“{given}”，应为{expected}',
  ],
  'config.unknown-key': ['{source}: unknown key {key}', '{source}：未知的键 {key}'],
  'config.did-you-mean': [' (did you mean {suggestion}?)', '（是否应为 {suggestion}？）'],
  'config.bad-syntax': [
    '{source}: not TOML from line {line}, column {column} on',
    '{source}：第 {line} 行第 {column} 列起不是有效的 TOML',
  ],
  'expected.listen-addresses': [
    'HOST:PORT with an IP address, such as 0.0.0.0:10000 or [::]:10000',
    'IP 地址加端口，例如 0.0.0.0:10000 或 [::]:10000',
  ],
  'expected.udp-ports': ['one to four different ports', '一至四个互不相同的端口'],
  'expected.folder': ['a folder', '文件夹路径'],
  'expected.host': ['a host name or an IP address without a port', '不带端口的主机名或 IP 地址'],
  'expected.port-with-successor': [
    'a port below 65535, because UDP also takes the next one',
    '小于 65535 的端口，因为 UDP 还要使用下一个端口',
  ],
  'expected.one-of': ['one of {choices}', '以下之一：{choices}'],
  'expected.integer': ['a whole number from {min} to {max}', '{min} 到 {max} 之间的整数'],
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
