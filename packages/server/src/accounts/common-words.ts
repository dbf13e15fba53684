/**
 * What well-known passwords are made of, as it appears again and again in published leaks: words, first names, teams,
 * pinyin, and numbers that mean something. Lower case, three characters or more. What is a run on a keyboard or an
 * alphabet is not here: guessable-password.ts knows those by their order.
 */
export const COMMON_WORDS: readonly string[] = `
password passwort passwd pass passw0rd contrasena parola senha motdepasse wachtwoord haslo mima pwd secret secreto
admin administrator root user guest test tester testing temp demo default login logon signin system service server
super supervisor manager master boss owner public private access account changeme change letmein welcome hello hallo
bonjour hola hey goodbye please thanks thankyou sorry whatever nothing nobody unknown something somebody anything
everything nevermind trustno1 trust consumer customer member computer laptop desktop notebook internet network website
windows linux ubuntu apple google facebook twitter youtube instagram tiktok whatsapp telegram skype yahoo hotmail gmail
outlook amazon netflix spotify microsoft samsung iphone android huawei xiaomi nokia sony lenovo dell asus cisco oracle
tencent wechat weixin weibo alibaba taobao baidu qq mysql database backup cloud router
love lover loveme loveyou iloveyou ilovey0u iloveu ihateyou hate kiss kisses hugs heart sweet sweetheart sweetie honey
darling babe baby babygirl babyboy cutie angel angels princess prince queen king lady girl boy girls boys woman women
friend friends forever always together family mother father mama papa mommy daddy sister brother
happy smile smiley lucky sunny sunshine summer winter spring autumn flower flowers rainbow butterfly buttercup
chocolate cookie cookies coffee cheese banana orange cherry strawberry pepper ginger sugar candy pizza burger
monkey dragon tiger tigers lion eagle eagles falcon hawk wolf bear panda puppy kitten kitty bunny rabbit horse dolphin
shark snake spider chicken turtle phoenix unicorn dog doggy doggie cat cats fish bird pony mustang
shadow knight ninja samurai warrior hunter killer assassin sniper soldier pirate wizard magic merlin gandalf
batman superman spiderman ironman wolverine joker robin hulk avatar starwars skywalker yoda vader startrek matrix
pokemon pikachu charizard naruto sasuke goku vegeta mario luigi zelda sonic minecraft fortnite roblox warcraft
starcraft counter strike valorant gamer player game games playstation nintendo xbox
football futbol soccer baseball basketball hockey tennis golf cricket rugby volleyball softball runner champion
liverpool arsenal chelsea manchester united barcelona realmadrid madrid juventus bayern milan inter celtic rangers
lakers cowboys yankees steelers redsox broncos dodgers giants packers raiders jordan23 jordan kobe lebron messi ronaldo
neymar beckham ferrari porsche mercedes corvette camaro harley honda toyota yamaha kawasaki suzuki nissan ford audi
music guitar piano drummer metal rock rocks rockstar metallica nirvana slipknot eminem blink beatles elvis
freedom liberty america american england london paris berlin germany france spain italy canada brazil mexico russia
china chinese beijing shanghai shenzhen guangzhou hongkong taiwan japan tokyo korea india newyork texas florida
california chicago boston dallas australia
jesus christ jesuschrist god godisgood blessed blessing faith heaven hell devil satan lord church
money dollar cash gold golden silver diamond platinum rich million business office work company student school
college university teacher doctor police orange purple yellow green black white blue red pink
fuckyou fuckme fuckoff fuck bitch asshole shit pussy sexy sex porn hottie badboy badgirl
michael michelle jessica jennifer ashley amanda nicole daniel danielle anthony andrew matthew joshua justin jonathan
william robert richard thomas charles charlie christopher christian christine david joseph james john george edward
brandon jason kevin brian steven stephen patrick alexander alexandra alexander alex andrea angela anna antonio
barbara benjamin carlos carolina catherine charlotte claudia diana elizabeth emily emma eric fernando francisco
gabriel hannah harry heather isabella jackson jasmine jeremy jimmy johnny jordan jose juan julia karen kate kelly
kimberly laura lauren linda lisa lucas luis madison manuel maria martin mary maggie megan melissa mike miguel
monica morgan natalie nathan nicholas oliver olivia oscar pamela patricia paul peter philip rachel rebecca ricardo
ryan samantha samuel sandra sarah sebastian sergio sharon sophie stephanie steve susan tiffany taylor tyler vanessa
veronica victor victoria vincent zachary ali ahmed mohamed mohammed muhammad hassan fatima ivan natasha dmitry
olga sergey marina tatiana
zhang wang liu chen yang zhao huang zhou wu sun zhu guo lin luo liang song tang feng deng cao peng zeng xiao tian
dong pan yuan cai jiang yu du ye cheng wei su lu ding ren shen yao jiang cui tan lei fang
xiaoming wangwei zhangwei liwei woaini woaiwo aini iloveu woshishui nihao woshi laopo laogong baobei baobao
tianshi xingfu kuaile shengri zhongguo zhongguoren beijinghuanying mima mimama woaizhongguo caonima nimade
520 521 1314 5201314 5211314 1314520 1314521 201314 168 178 518 666 888 999 007 110 119 120 911 404 123 321 147 258 369
159 357 753 951 789 987 456 654 000 111 222 333 444 555 777 1212 2580 1337 31415926 3141592653 271828 112358
abc abcd aaa xyz qaz wsx edc rfv asd zxc qwe asdf zxcv qwer qwert azerty qwertz dvorak fdsa rewq
correcthorsebatterystaple thisismypassword mypassword passphrase opensesame sesame abracadabra supercalifragilistic
tobeornottobe iamthebest lordoftherings harrypotter michaeljackson ilovemyfamily ilovejesus iloveme nopassword
`
  .trim()
  .split(/\s+/)
  .filter((word) => word.length >= 3);
