//! Characters: which are letters, which marks words are written with, which look like what, and which are
//! not seen.

use unicode_normalization::char::is_combining_mark;

/// A letter or a digit that is no combining mark. The Hangul fillers are letters to Unicode and blanks to a
/// reader: no name is made of them.
pub(super) fn is_letter_or_digit(c: char) -> bool {
    let is_filler = matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}');
    c.is_alphanumeric() && !is_combining_mark(c) && !is_filler
}

/// Are words written with the combining mark `c` behind that letter?
///
/// The marks of the first block go with any script, and those that some language's spelling needs are
/// named; the others go with scripts of their own, which come after Latin, Greek and Cyrillic. Not among
/// them are marks that enclose or strike through, letters above letters, notation (of music, phonetics,
/// signs) and what is not seen.
pub(crate) fn is_mark(c: char, letter: char) -> bool {
    match c {
        '\u{300}'..='\u{36F}' => matches!(
            c,
            '\u{300}'..='\u{304}'
                | '\u{306}'..='\u{30D}'
                | '\u{30F}'
                | '\u{311}'
                | '\u{313}'..='\u{314}'
                | '\u{31B}'
                | '\u{323}'..='\u{329}'
                | '\u{32D}'..='\u{331}'
                | '\u{342}'
                | '\u{345}'
                | '\u{358}'
        ),
        '\u{483}'..='\u{487}' => ('\u{400}'..='\u{52F}').contains(&letter),
        '\u{488}'..='\u{489}'
        | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}'
        | '\u{2DE0}'..='\u{2DFF}'
        | '\u{302A}'..='\u{302F}'
        | '\u{A66F}'..='\u{A69F}'
        | '\u{FE00}'..='\u{FE2F}'
        | '\u{16FE4}'
        | '\u{1CF00}'..='\u{1E02F}'
        | '\u{E0000}'.. => false,
        _ => letter >= '\u{590}' && is_combining_mark(c),
    }
}

/// How many marks like `c` may stand in a row: Burmese syllables have more than others.
pub(super) fn marks_max(c: char) -> usize {
    match c {
        '\u{1000}'..='\u{109F}' | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AA7F}' => 5,
        _ => 3,
    }
}

/// What may be taken for a letter of the words "server" and "system": all that Unicode's list of confusables
/// (UTS #39) has, which a test holds, and small capitals, letters turned and reversed, with hooks and strokes,
/// and digits. Nothing is refused but what looks like such a word from end to end.
const LOOKALIKES: [(char, &str); 7] = [
    ('s', "5ꜱƽѕꮪ𑣁𐑈ЅՏᏕᏚꓢ𖼺𐊖𐐠ʂȿꞩᵴᶊടႽჽᲽꕶ𑢻𖫖ẜẝꞄꞅꟉꟊ𐞺𝼞ⲥᔑᔕᔖऽƧƨꙄꙅ"),
    (
        'e',
        "3℮ꬲеҽɇєεЕΕⴹᎬꭼꓰ𑢦𑢮𐊆ᴇꮛᏋⲉƷȜЗӠՅ३૩ᜂᲕⲜⳄⳌꗋꝪꞫ𑣊𖼻ƎƐǝɘɛɜɝᴈᴲᵋᵌᶒᶓᶔᶟⱸⱻꬳꬴ𐞎ЭэԐԑΣΞ",
    ),
    ('r', "ꭇꭈᴦⲅгꮁʀƦᎡꭱᏒ𐒴ᖇꓣ𖼵ɍɼɽᴙ𖨙ɹɺɻɾɿʁʴʵʶᴚᵲᵳᶉⱹꝚꝛꞂꞃꞦꞧꭆꭉꭨ𐞦𐞧𐞩𝼈𝼕𝼖Яя"),
    ('v', "ᴠνυѵט𑜆ꮩ𑣀٧۷ⴸᏙᐯꛟꓦ𖼈𑢠𐔝ʋⱱ𐰟𞅅ɅʌᶺⱴꝞꝟΛ"),
    ('t', "7ΤτⲦТтᎢꭲꓔ𖼊𑢼𐊗𐊱𐌕ᴛŧƭʈߠᜪᲄㄒ丅ꔋ𐓒𑣆𖺊𝍳ƫȶȾʇᵵᶵⱦꞆꞇꞱ𝼉𝼍"),
    ('y', "ɣᶌʏỿꭚγуүყ𑣜ΥУҮⲨᎩᎽꓬ𖽃𑢤𐊲ƴɏұߌⲩㄚ丫𐰠𑣄ʎ𐞠𐞡𝼆"),
    ('m', "ΜϺⲘⲙМмᎷꮇᗰᛖꓟ𐊰𐌑𑣣𑜀ᴍɱՠ𐰡Ɯɯɰᴟᵚᵯᶆᶭꟺꬺ"),
];

/// The letter that `c` looks like, in lower case.
pub(super) fn latin(c: char) -> char {
    let lower = c.to_lowercase().next().unwrap_or(c);
    let like = |c| LOOKALIKES.iter().find(|(_, like)| like.contains(c));
    match (c, like(c).or_else(|| like(lower))) {
        (_, Some(&(letter, _))) => letter,
        // White letters on black circles and squares, which Unicode takes for no letters.
        ('\u{1F150}'..='\u{1F169}', None) => nth_letter(c, '\u{1F150}'),
        ('\u{1F170}'..='\u{1F189}', None) => nth_letter(c, '\u{1F170}'),
        (_, None) => lower,
    }
}

fn nth_letter(c: char, first: char) -> char {
    let nth = u32::from(c) - u32::from(first);
    char::from_u32(u32::from('a') + nth).unwrap_or(c)
}

/// Is `c` nothing that is seen? These are the code points that Unicode has renderers ignore (UAX #44,
/// `Default_Ignorable_Code_Point`), with the controls of direction among them, and the marks of
/// interlinear annotation.
pub(crate) fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}
