//! CLIP's byte-pair encoding, from the files that checkpoints carry.

use serde_json::Value;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::{Lowercase, NFC, Replace, Sequence as Normalizers};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

use super::Files;
use super::pipeline::Tokens;

const BEGIN: &str = "<|startoftext|>";
const END: &str = "<|endoftext|>";
/// How CLIP takes text apart before it looks for pairs.
const PIECES: &str = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// One encoder's tokens.
pub(super) struct Reader {
    tokenizer: Tokenizer,
    begin: u32,
    end: u32,
    pad: u32,
    length: usize,
}

impl Reader {
    /// From the folder `tokenizer` or `tokenizer_2`: `vocab.json`, `merges.txt`, and `special_tokens_map.json` where there is one.
    pub fn load(files: &mut Files, folder: &str, length: usize) -> Result<Self, String> {
        let vocabulary: std::collections::HashMap<String, u32> = files.json(&format!("{folder}/vocab.json"))?;
        let merges = String::from_utf8(files.read(&format!("{folder}/merges.txt"))?)
            .map_err(|error| format!("{folder}/merges.txt: {error}"))?;
        let merges: Vec<(String, String)> = merges
            .lines()
            .filter(|line| !line.starts_with("#version"))
            .filter_map(|line| line.split_once(' '))
            .map(|(one, other)| (one.to_owned(), other.to_owned()))
            .collect();
        let id = |word: &str| {
            vocabulary
                .get(word)
                .copied()
                .ok_or_else(|| format!("{folder}/vocab.json has no {word}"))
        };
        let (begin, end) = (id(BEGIN)?, id(END)?);
        let special: Value = files
            .json(&format!("{folder}/special_tokens_map.json"))
            .unwrap_or_default();
        let pad = match &special["pad_token"] {
            Value::String(word) => id(word)?,
            Value::Object(facts) => id(facts.get("content").and_then(Value::as_str).unwrap_or(END))?,
            _ => end,
        };
        let told = |error: tokenizers::Error| format!("{folder}: {error}");
        let pairs = BPE::builder()
            .vocab_and_merges(
                vocabulary.into_iter().collect::<tokenizers::models::bpe::Vocab>(),
                merges,
            )
            .unk_token(END.into())
            .end_of_word_suffix("</w>".into())
            .build()
            .map_err(told)?;
        let mut tokenizer = Tokenizer::new(pairs);
        let spaces = Replace::new(
            tokenizers::normalizers::replace::ReplacePattern::Regex(r"\s+".into()),
            " ",
        )
        .map_err(told)?;
        tokenizer
            .with_normalizer(Some(Normalizers::new(vec![
                NormalizerWrapper::NFC(NFC),
                NormalizerWrapper::Replace(spaces),
                NormalizerWrapper::Lowercase(Lowercase),
            ])))
            .map_err(told)?;
        let split = Split::new(
            SplitPattern::Regex(PIECES.into()),
            SplitDelimiterBehavior::Removed,
            true,
        )
        .map_err(told)?;
        tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![
            PreTokenizerWrapper::Split(split),
            PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, true, false)),
        ])));
        Ok(Self {
            tokenizer,
            begin,
            end,
            pad,
            length,
        })
    }

    /// The tokens of a text, cut and filled up to the length that the encoder takes.
    pub fn read(&self, text: &str) -> Result<Tokens, String> {
        let made = self.tokenizer.encode(text, false).map_err(|error| error.to_string())?;
        let mut ids = vec![self.begin];
        ids.extend(made.get_ids().iter().take(self.length.saturating_sub(2)));
        let end = ids.len();
        ids.push(self.end);
        ids.resize(self.length, self.pad);
        Ok(Tokens { ids, end })
    }
}
