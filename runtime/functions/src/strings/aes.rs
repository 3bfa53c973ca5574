//! `aes_encrypt`, `aes_decrypt`, `try_aes_decrypt`: AES with keys of 16, 24 or 32 bytes, in the modes ECB, CBC and GCM.
//!
//!     ECB: blocks │ CBC: iv (16), blocks │ GCM: iv (12), text, tag (16)        (blocks are padded as PKCS #7 says)
//!
//! The ciphers are RustCrypto's. Begin at [`encrypt`].

use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AesGcm, Nonce};
use emberflow_base::{Error, Exception, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::kernel::{Bytes, Columns, Kernel, binaries};

const BOTH: &str = "`aes_encrypt`/`aes_decrypt`";
const BLOCK: usize = 16;
const NONCE: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Ecb,
    Cbc,
    Gcm,
}

impl Mode {
    fn of(mode: &str, padding: &str) -> Result<Self> {
        match (mode.to_uppercase().as_str(), padding.to_uppercase().as_str()) {
            ("ECB", "PKCS" | "DEFAULT") => Ok(Self::Ecb),
            ("CBC", "PKCS" | "DEFAULT") => Ok(Self::Cbc),
            ("GCM", "NONE" | "DEFAULT") => Ok(Self::Gcm),
            _ => Err(Error::new("UNSUPPORTED_FEATURE.AES_MODE")
                .with("mode", mode)
                .with("padding", padding)
                .with("functionName", BOTH)
                .exception_class(Exception::Runtime)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ecb => "ECB",
            Self::Cbc => "CBC",
            Self::Gcm => "GCM",
        }
    }
}

fn crypto_error(detail: &str) -> Error {
    Error::new("INVALID_PARAMETER_VALUE.AES_CRYPTO_ERROR")
        .with("parameter", "`expr`, `key`")
        .with("functionName", BOTH)
        .with("detailMessage", detail)
}

fn key_error(length: usize) -> Error {
    Error::new("INVALID_PARAMETER_VALUE.AES_KEY_LENGTH")
        .with("parameter", "`key`")
        .with("functionName", BOTH)
        .with("actualLength", length.to_string())
}

/// Runs `$body` with the cipher that fits the key as `$cipher`.
macro_rules! by_key {
    ($key:expr, $cipher:ident => $body:expr) => {
        match $key.len() {
            16 => {
                type $cipher = Aes128;
                $body
            }
            24 => {
                type $cipher = Aes192;
                $body
            }
            32 => {
                type $cipher = Aes256;
                $body
            }
            other => Err(key_error(other)),
        }
    };
}

fn encrypt_blocks<C: BlockCipherEncrypt + KeyInit + BlockSizeUser<BlockSize = U16>>(
    text: &[u8],
    key: &[u8],
    iv: Option<[u8; BLOCK]>,
) -> Result<Vec<u8>> {
    let cipher = C::new_from_slice(key).map_err(|_| key_error(key.len()))?;
    let padding = BLOCK - text.len() % BLOCK;
    let padded = text.iter().copied().chain(std::iter::repeat_n(padding as u8, padding)).collect::<Vec<u8>>();
    let mut out = iv.map_or_else(Vec::new, |iv| iv.to_vec());
    let mut before = iv;
    for chunk in padded.chunks_exact(BLOCK) {
        let mut block = Array::<u8, U16>::default();
        block.copy_from_slice(chunk);
        if let Some(before) = &before {
            block.iter_mut().zip(before).for_each(|(byte, before)| *byte ^= before);
        }
        cipher.encrypt_block(&mut block);
        out.extend(block.iter());
        before = before.map(|_| block.0);
    }
    Ok(out)
}

fn decrypt_blocks<C: BlockCipherDecrypt + KeyInit + BlockSizeUser<BlockSize = U16>>(
    text: &[u8],
    key: &[u8],
    iv: Option<&[u8]>,
) -> Result<Vec<u8>> {
    let cipher = C::new_from_slice(key).map_err(|_| key_error(key.len()))?;
    if !text.len().is_multiple_of(BLOCK) {
        return Err(crypto_error("Input length must be multiple of 16 when decrypting with padded cipher"));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut before = iv;
    for chunk in text.chunks_exact(BLOCK) {
        let mut block = Array::<u8, U16>::default();
        block.copy_from_slice(chunk);
        cipher.decrypt_block(&mut block);
        if let Some(before) = before {
            block.iter_mut().zip(before).for_each(|(byte, before)| *byte ^= before);
        }
        out.extend(block.iter());
        before = before.map(|_| chunk);
    }
    let padding = out.last().map_or(0, |last| usize::from(*last));
    let sound = padding <= BLOCK && padding <= out.len() && out[out.len() - padding..].iter().all(|b| usize::from(*b) == padding);
    if padding == 0 && out.is_empty() {
        return Ok(out);
    }
    if padding == 0 || !sound {
        return Err(crypto_error(
            "Given final block not properly padded. Such issues can arise if a bad key is used during decryption.",
        ));
    }
    out.truncate(out.len() - padding);
    Ok(out)
}

/// Bytes of the system's random numbers.
fn random<const N: usize>() -> [u8; N] {
    let mut drawn = [0; N];
    let mut filled = 0;
    while filled < N {
        // The version and the variant of a UUID are not random.
        let fresh = uuid::Uuid::new_v4().into_bytes();
        let bytes = fresh.iter().enumerate().filter(|(at, _)| !matches!(at, 6 | 8)).map(|(_, byte)| *byte);
        for byte in bytes.take(N - filled) {
            drawn[filled] = byte;
            filled += 1;
        }
    }
    drawn
}

fn encrypted(text: &[u8], key: &[u8], mode: Mode, iv: &[u8], aad: &[u8]) -> Result<Vec<u8>> {
    if !matches!(key.len(), 16 | 24 | 32) {
        return Err(key_error(key.len()));
    }
    let refused = |name: &str| {
        let error = Error::new(name).with("functionName", "`aes_encrypt`").with("mode", mode.name());
        error.exception_class(Exception::Runtime)
    };
    if mode == Mode::Ecb && !iv.is_empty() {
        return Err(refused("UNSUPPORTED_FEATURE.AES_MODE_IV"));
    }
    if mode != Mode::Gcm && !aad.is_empty() {
        return Err(refused("UNSUPPORTED_FEATURE.AES_MODE_AAD"));
    }
    let wanted = if mode == Mode::Gcm { NONCE } else { BLOCK };
    if !iv.is_empty() && iv.len() != wanted {
        return Err(Error::new("INVALID_PARAMETER_VALUE.AES_IV_LENGTH")
            .with("parameter", "`iv`")
            .with("functionName", BOTH)
            .with("mode", mode.name())
            .with("actualLength", iv.len().to_string()));
    }
    match mode {
        Mode::Ecb => by_key!(key, C => encrypt_blocks::<C>(text, key, None)),
        Mode::Cbc => {
            let iv = <[u8; BLOCK]>::try_from(iv).unwrap_or_else(|_| random());
            by_key!(key, C => encrypt_blocks::<C>(text, key, Some(iv)))
        }
        Mode::Gcm => {
            let iv = <[u8; NONCE]>::try_from(iv).unwrap_or_else(|_| random());
            by_key!(key, C => {
                let cipher = AesGcm::<C, U12>::new_from_slice(key).map_err(|_| key_error(key.len()))?;
                let sealed = cipher.encrypt(&Nonce::from(iv), Payload { msg: text, aad });
                let sealed = sealed.map_err(|_| crypto_error("The text is too long"))?;
                Ok([iv.as_slice(), &sealed].concat())
            })
        }
    }
}

fn decrypted(text: &[u8], key: &[u8], mode: Mode, aad: &[u8]) -> Result<Vec<u8>> {
    if mode != Mode::Gcm && !aad.is_empty() {
        return Err(Error::new("UNSUPPORTED_FEATURE.AES_MODE_AAD")
            .with("functionName", "`aes_decrypt`")
            .with("mode", mode.name())
            .exception_class(Exception::Runtime));
    }
    match mode {
        Mode::Ecb => by_key!(key, C => decrypt_blocks::<C>(text, key, None)),
        Mode::Cbc => {
            let (iv, rest) = text.split_at_checked(BLOCK).ok_or_else(|| crypto_error("Input too short"))?;
            by_key!(key, C => decrypt_blocks::<C>(rest, key, Some(iv)))
        }
        Mode::Gcm => {
            let (iv, rest) = text.split_at_checked(NONCE).ok_or_else(|| crypto_error("Input too short"))?;
            if rest.len() < BLOCK {
                return Err(crypto_error("Input data too short to contain an expected tag length of 16bytes"));
            }
            let mut nonce = [0_u8; NONCE];
            nonce.copy_from_slice(iv);
            by_key!(key, C => {
                let cipher = AesGcm::<C, U12>::new_from_slice(key).map_err(|_| key_error(key.len()))?;
                let opened = cipher.decrypt(&Nonce::from(nonce), Payload { msg: rest, aad });
                opened.map_err(|_| crypto_error("Tag mismatch!"))
            })
        }
    }
}

/// The arguments behind the key, which may be left out.
fn optional(call: &Call<'_>, index: usize, default: &str) -> Result<Typed> {
    if call.len() > index {
        return call.text(index);
    }
    Ok(Typed::new(datafusion::logical_expr::lit(default), DataType::String, false))
}

fn optional_bytes(call: &Call<'_>, index: usize) -> Result<Typed> {
    if call.len() > index {
        return call.binary(index);
    }
    let nothing = datafusion::common::ScalarValue::Binary(Some(Vec::new()));
    Ok(Typed::new(datafusion::logical_expr::lit(nothing), DataType::Binary, false))
}

fn mode_at(columns: &Columns, row: usize) -> Result<Option<Mode>> {
    let (modes, paddings) = (columns.text(2)?, columns.text(3)?);
    let pair = modes.at(row).zip(paddings.at(row));
    pair.map(|(mode, padding)| Mode::of(mode, padding)).transpose()
}

/// `aes_encrypt(text, key [, mode [, padding [, iv [, aad]]]])`
pub fn encrypt(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3, 4, 5, 6])?;
    let draws = call.len() < 5;
    let arguments = vec![
        call.binary(0)?.expr,
        call.binary(1)?.expr,
        optional(&call, 2, "GCM")?.expr,
        optional(&call, 3, "DEFAULT")?.expr,
        optional_bytes(&call, 4)?.expr,
        optional_bytes(&call, 5)?.expr,
    ];
    let kernel = Kernel::new("aes_encrypt", &DataType::Binary, true, |columns| {
        let [texts, keys, ivs, aads] = bytes_of(columns, [0, 1, 4, 5])?;
        binaries(columns.rows, |row| {
            let there = texts.at(row).zip(keys.at(row)).zip(ivs.at(row).zip(aads.at(row)));
            let (Some(((text, key), (iv, aad))), Some(mode)) = (there, mode_at(columns, row)?) else { return Ok(None) };
            encrypted(text, key, mode, iv, aad).map(Some)
        })
    });
    // Without an initialization vector each row draws its own.
    let kernel = if draws { kernel.volatile() } else { kernel };
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::Binary, true))
}

/// `aes_decrypt(bytes, key [, mode [, padding [, aad]]])`; `forgiving`: null instead of an error.
pub fn decrypt(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[2, 3, 4, 5])?;
    let arguments = vec![
        call.binary(0)?.expr,
        call.binary(1)?.expr,
        optional(&call, 2, "GCM")?.expr,
        optional(&call, 3, "DEFAULT")?.expr,
        optional_bytes(&call, 4)?.expr,
    ];
    let kernel = Kernel::new(call.name, &DataType::Binary, true, move |columns| {
        let [texts, keys, aads] = bytes_of(columns, [0, 1, 4])?;
        binaries(columns.rows, |row| {
            let there = texts.at(row).zip(keys.at(row)).zip(aads.at(row));
            let mode = match mode_at(columns, row) {
                Err(_) if forgiving => None,
                other => other?,
            };
            let (Some(((text, key), aad)), Some(mode)) = (there, mode) else { return Ok(None) };
            match decrypted(text, key, mode, aad) {
                Err(_) if forgiving => Ok(None),
                other => other.map(Some),
            }
        })
    });
    Ok(Typed::new(kernel.fallible_if(!forgiving).call(arguments), DataType::Binary, true))
}

fn bytes_of<const N: usize>(columns: &Columns, indexes: [usize; N]) -> Result<[Bytes; N]> {
    let views = indexes.into_iter().map(|index| columns.bytes(index)).collect::<Result<Vec<_>>>()?;
    views.try_into().map_err(|_| Error::internal("as many columns as indexes"))
}
