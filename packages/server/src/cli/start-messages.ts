/** Sentences about starting: the folder, the key, the database, the configuration. */
export const START_MESSAGES = {
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
  'expected.loopback-address': [
    'IP:PORT of this machine only, such as 127.0.0.1:9100',
    '仅限本机的 IP:端口，例如 127.0.0.1:9100',
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
} as const;
