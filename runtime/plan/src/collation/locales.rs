//! The languages whose order a collation may have, as Spark names them: language, perhaps a script, perhaps a country of
//! three letters.

/// A language, perhaps as one country has it.
#[derive(Debug)]
pub struct Language {
    /// What a collation is called after.
    pub name: &'static str,
    /// In English; the order of no language has none.
    pub language: Option<&'static str>,
    pub country: Option<&'static str>,
}

/// The order of no language.
pub const UNICODE: &str = "UNICODE";

const fn of(name: &'static str, language: &'static str) -> Language {
    Language { name, language: Some(language), country: None }
}

const fn in_country(name: &'static str, language: &'static str, country: &'static str) -> Language {
    Language { name, language: Some(language), country: Some(country) }
}

/// All of them by name, that of none first.
#[rustfmt::skip]
pub static LANGUAGES: &[Language] = &[
    Language { name: UNICODE, language: None, country: None },
    of("af", "Afrikaans"), of("am", "Amharic"), of("ar", "Arabic"), in_country("ar_SAU", "Arabic", "Saudi Arabia"),
    of("as", "Assamese"), of("az", "Azerbaijani"), of("be", "Belarusian"), of("bg", "Bulgarian"), of("blo", "Anii"),
    of("bn", "Bangla"), of("bo", "Tibetan"), of("br", "Breton"), of("bs", "Bosnian"), of("bs_Cyrl", "Bosnian"),
    of("ca", "Catalan"), of("ceb", "Cebuano"), of("chr", "Cherokee"), of("cs", "Czech"), of("cy", "Welsh"), of("da", "Danish"),
    of("de", "German"), in_country("de_AUT", "German", "Austria"), of("dsb", "Lower Sorbian"), of("dz", "Dzongkha"),
    of("ee", "Ewe"), of("el", "Greek"), of("en", "English"), in_country("en_USA", "English", "United States"),
    of("eo", "Esperanto"), of("es", "Spanish"), of("et", "Estonian"), of("fa", "Persian"),
    in_country("fa_AFG", "Persian", "Afghanistan"), of("ff", "Fula"), of("ff_Adlm", "Fula"), of("fi", "Finnish"),
    of("fil", "Filipino"), of("fo", "Faroese"), of("fr", "French"), in_country("fr_CAN", "French", "Canada"),
    of("fy", "Western Frisian"), of("ga", "Irish"), of("gl", "Galician"), of("gu", "Gujarati"), of("ha", "Hausa"),
    of("haw", "Hawaiian"), of("he", "Hebrew"), in_country("he_ISR", "Hebrew", "Israel"), of("hi", "Hindi"),
    of("hr", "Croatian"), of("hsb", "Upper Sorbian"), of("hu", "Hungarian"), of("hy", "Armenian"), of("id", "Indonesian"),
    in_country("id_IDN", "Indonesian", "Indonesia"), of("ig", "Igbo"), of("is", "Icelandic"), of("it", "Italian"),
    of("ja", "Japanese"), of("ka", "Georgian"), of("kk", "Kazakh"), of("kk_Arab", "Kazakh"), of("kl", "Kalaallisut"),
    of("km", "Khmer"), of("kn", "Kannada"), of("ko", "Korean"), of("kok", "Konkani"), of("ku", "Kurdish"), of("ky", "Kyrgyz"),
    of("lb", "Luxembourgish"), of("lij", "Ligurian"), of("lkt", "Lakota"), of("ln", "Lingala"), of("lo", "Lao"),
    of("lt", "Lithuanian"), of("lv", "Latvian"), of("mk", "Macedonian"), of("ml", "Malayalam"), of("mn", "Mongolian"),
    of("mr", "Marathi"), of("ms", "Malay"), of("mt", "Maltese"), of("my", "Burmese"), of("nb", "Norwegian Bokmål"),
    in_country("nb_NOR", "Norwegian Bokmål", "Norway"), of("ne", "Nepali"), of("nl", "Dutch"), of("nn", "Norwegian Nynorsk"),
    of("no", "Norwegian"), of("nso", "Northern Sotho"), of("om", "Oromo"), of("or", "Odia"), of("pa", "Punjabi"),
    of("pa_Guru", "Punjabi"), in_country("pa_Guru_IND", "Punjabi", "India"), of("pl", "Polish"), of("ps", "Pashto"),
    of("pt", "Portuguese"), of("ro", "Romanian"), of("ru", "Russian"), of("sa", "Sanskrit"), of("se", "Northern Sami"),
    of("si", "Sinhala"), of("sk", "Slovak"), of("sl", "Slovenian"), of("smn", "Inari Sami"), of("sq", "Albanian"),
    of("sr", "Serbian"), of("sr_Cyrl", "Serbian"), in_country("sr_Cyrl_BIH", "Serbian", "Bosnia & Herzegovina"),
    in_country("sr_Cyrl_MNE", "Serbian", "Montenegro"), in_country("sr_Cyrl_SRB", "Serbian", "Serbia"),
    of("sr_Latn", "Serbian"), in_country("sr_Latn_BIH", "Serbian", "Bosnia & Herzegovina"),
    in_country("sr_Latn_SRB", "Serbian", "Serbia"), of("st", "Southern Sotho"), of("sv", "Swedish"), of("sw", "Swahili"),
    of("ta", "Tamil"), of("te", "Telugu"), of("th", "Thai"), of("tk", "Turkmen"), of("tn", "Tswana"), of("to", "Tongan"),
    of("tr", "Turkish"), of("ug", "Uyghur"), of("uk", "Ukrainian"), of("ur", "Urdu"), of("uz", "Uzbek"), of("vi", "Vietnamese"),
    of("wae", "Walser"), of("wo", "Wolof"), of("xh", "Xhosa"), of("yi", "Yiddish"), of("yo", "Yoruba"), of("zh", "Chinese"),
    of("zh_Hans", "Chinese"), in_country("zh_Hans_CHN", "Chinese", "China"), in_country("zh_Hans_SGP", "Chinese", "Singapore"),
    of("zh_Hant", "Chinese"), in_country("zh_Hant_HKG", "Chinese", "Hong Kong SAR China"),
    in_country("zh_Hant_MAC", "Chinese", "Macao SAR China"), in_country("zh_Hant_TWN", "Chinese", "Taiwan"), of("zu", "Zulu"),
];
