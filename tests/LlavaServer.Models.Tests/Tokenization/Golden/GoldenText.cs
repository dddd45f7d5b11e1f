namespace LlavaServer.Models.Tests.Tokenization.Golden;

/// <summary>Sentences, code and odd snippets that the golden corpus is mixed from. Written for this purpose.</summary>
internal static class GoldenText
{
    public static readonly string[] Sentences =
    [
        "USER: What is in the picture? ASSISTANT: There is a large red circle above a small blue square.",
        "The quick brown fox doesn't jump over the lazy dog; it's asleep, and we've all SEEN IT'S 'TIL they'LL wake.",
        "Describe the image in detail. The star on the left is bigger than the heart on the right.",
        "A person holding an umbrella is walking across the street in the rain, while two cars wait at the lights.",
        "Das große grüne Dreieck liegt links über dem kleinen gelben Kreuz; Straßenbahn, Öl, Übermut, ÄRGER.",
        "Le cœur rouge est à gauche du carré bleu, n'est-ce pas ? L'été, où êtes-vous allés ? « Voilà », dit-elle.",
        "El círculo pequeño está encima de la estrella. ¿Cuántos niños hay? ¡Mañana será otro día, señor!",
        "Il quadrato è più grande del triangolo, perché così è stato disegnato: città, virtù, perciò.",
        "O coração não está à direita; são três formas, ações e emoções, avô e avó.",
        "De driehoek staat onder het vierkant, en 's avonds zie je coördinaten, ruïnes en een reünie.",
        "Små röda cirklar, större blå stjärnor och en ö i sjön; æblegrød på fløjtende blåbær.",
        "Żółta gwiazda leży obok czerwonego koła, a dźwięk łódki niesie się po jeziorze.",
        "Příliš žluťoučký kůň úpěl ďábelské ódy, zatímco červený čtverec zůstal vlevo.",
        "A kék négyzet nagyobb, mint a piros kör; árvíztűrő tükörfúrógép.",
        "Mavi kare kırmızı dairenin solunda; İstanbul'da ığdır, şeker ve çağrı.",
        "Hình tròn màu đỏ nằm bên trái hình vuông màu xanh; những chữ cái có dấu.",
        "Большой красный круг находится слева от маленького синего квадрата. Ёжик, съезд, подъём!",
        "Червоне коло лежить ліворуч від синього квадрата, а їжак і ґава сплять.",
        "Ο κόκκινος κύκλος βρίσκεται αριστερά από το μπλε τετράγωνο· ᾧ τινι ἐστίν.",
        "העיגול האדום נמצא משמאל לריבוע הכחול. שָׁלוֹם עֲלֵיכֶם",
        "الدائرة الحمراء على يسار المربع الأزرق، وعددها ٣٤٥؛ مَرْحَبًا بِكُمْ",
        "دایرهٔ قرمز در سمت چپ مربع آبی است، می‌خواهم ۱۲۳ تا.",
        "लाल वृत्त नीले वर्ग के बाईं ओर है। क्षत्रिय ज्ञान १२३४५६ हिन्दी",
        "লাল বৃত্তটি নীল বর্গক্ষেত্রের বাম দিকে আছে। ৪৫৬",
        "சிவப்பு வட்டம் நீல சதுரத்தின் இடதுபுறம் உள்ளது.",
        "తెలుగు అక్షరాలు ఎర్ర వృత్తం ఎడమ వైపు ఉంది.",
        "วงกลมสีแดงอยู่ทางซ้ายของสี่เหลี่ยมสีน้ำเงิน ๑๒๓",
        "ວົງມົນສີແດງ ຢູ່ເບື້ອງຊ້າຍ",
        "წითელი წრე ლურჯი კვადრატის მარცხნივ არის.",
        "Կարմիր շրջանակը կապույտ քառակուսու ձախ կողմում է։",
        "ቀይ ክብ ከሰማያዊው አራት ማዕዘን በስተግራ ነው። ፩፪፫",
        "红色的圆在蓝色正方形的左边。图中有几个三角形？一共三个，其中两个是绿色的。",
        "紅色的圓形在藍色正方形的左邊，「請描述這張圖片」。",
        "赤い丸は青い四角の左にあります。カタカナとひらがな、漢字が混ざった文です。ｶﾀｶﾅ",
        "빨간 원은 파란 사각형의 왼쪽에 있습니다. 그림에 무엇이 있나요?",
        "សូមពិពណ៌នារូបភាព វង់ក្រហម ១២៣",
        "မြန်မာစာ အနီရောင် စက်ဝိုင်း",
        "བོད་ཡིག དམར་པོ།",
        "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᚠᚢᚦᚨᚱᚲ ⲁⲃⲅ 𐌰𐌱𐌲 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛",
    ];

    public static readonly string[] Snippets =
    [
        "public static int Main(string[] args) { return args.Length == 0 ? 1 : 0; } // done",
        "def encode(text: str) -> list[int]:\n    \"\"\"Tokens.\"\"\"\n    return [ord(c) for c in text if c != '\\n']\n",
        "<div class=\"row\"><a href=\"https://example.org/a?b=1&c=%20\">x</a></div>\r\n",
        "SELECT name, COUNT(*) FROM shapes WHERE colour <> 'red' GROUP BY name HAVING COUNT(*) >= 2;",
        "{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"hi\"}]}",
        "for (i = 0; i < 1000000; i++) { sum += a[i] * b[i] >> 3; }\n\n\n",
        "| a | b |\n|---|:--|\n| 1 | 22 |\n| 333 | 4444 |",
        "x² + y³ = z⁴; ½ ¾ ⅓ Ⅻ ⑳ ㊿ １２３ ٣٤ ൧൨ 𝟘𝟙 1²345 12³4567",
        "3.14159, 2.71828e-10, 0x1F, 1,234,567.89, 12345678901234567890, 192.168.0.1, 2026-11-22T19:30:00Z",
        "$100 £20 €5 ¥300 ₿1 +49 (170) 555-0199 50% #1 @user a_b snake_case camelCase SCREAMING_CASE",
        "I'm you're he'd she'll we've they're don't it's O'Clock 'Twas rock'n'roll I'M YOU'RE HE'D SHE'LL WE'VE",
        "👍 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 ❤️ ☺ ☺️ 🫠 1️⃣ ©️ ™ 😀😃😄 🧑🏿‍🚀",
        "e\u0301 n\u0303 a\u030A\u0323 Z\u0351\u036B\u0343\u0322a\u0363\u0353l\u0366g\u0346o\u0320 \u0301 \u200D\u200D \uFE0F",
        "\u0000\u0001\u0007\b\t\u000B\f\r\u001B\u007F\u0080\u0085\u009F\u00AD\u200B\u200E\u2028\u2029\u202F\u205F\u3000\uFEFF",
        "   leading and trailing   ",
        "a  b   c    d     e\t\tf\n\ng \n h\r\n\r\ni \r j\n \n \nk",
        "\u2581already\u2581marked\u2581 \u2581\u2581 <0x0A> <0xE2><0x96><0x81> [EMPTY_0]",
        "…—–‐‑“”‘’„‚«»‹›¿¡§¶†‡•‰′″‼⁇※、。，！？；：「」『』【】〜～・",
        "\uFFFD\uFFFE\uFFFF\uE000\uF8FF\U000E0001\U0010FFFF\U000F0000",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "================================================================",
    ];

    /// <summary>Special tokens of the golden vocabularies, and near misses, as a user would type them.</summary>
    public static readonly string[] Special =
    [
        "<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<|user|>", "<|us", "er|>", "[INST]", "[/INST]", "[INST", "<image>", "<|eot_id|>", "<|eot_id|",
        "<|im_start|>user\n", "\n\n\n", "    ", "\t\t", "<tool>", "<tool>x</tool>", "ab", "abab", "ababa", "<|<|im_end|>|>", "<<s>>",
    ];
}
