//! Known answers of AES-256-GCM.
//!
//! Goal: the cipher is the one that the standard describes, with our argument order.
//! **Source**: NIST CAVP, `gcmEncryptExtIV256.rsp`, one vector for each combination of text lengths.

use super::{Cipher, Mismatch};
use crate::Nonce;
use crate::secret::Secret;

/// Key, nonce, plaintext, associated data, ciphertext, tag.
const VECTORS: [[&str; 6]; 6] = [
    [
        "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
        "516c33929df5a3284ff463d7",
        "",
        "",
        "",
        "bdc1ac884d332457a1d2664f168c76f0",
    ],
    [
        "886cff5f3e6b8d0e1ad0a38fcdb26de97e8acbe79f6bed66959a598fa5047d65",
        "3a8efa1cd74bbab5448f9945",
        "",
        "519fee519d25c7a304d6c6aa1897ee1eb8c59655",
        "",
        "f6d47505ec96c98a42dc3ae719877b87",
    ],
    [
        "460fc864972261c2560e1eb88761ff1c992b982497bd2ac36c04071cbb8e5d99",
        "8a4a16b9e210eb68bcb6f58d",
        "99e4e926ffe927f691893fb79a96b067",
        "",
        "133fc15751621b5f325c7ff71ce08324",
        "ec4e87e0cf74a13618d0b68636ba9fa7",
    ],
    [
        "69b458f2644af9020463b40ee503cdf083d693815e2659051ae0d039e606a970",
        "8d1da8ab5f91ccd09205944b",
        "f3e0e09224256bf21a83a5de8d",
        "036ad5e5494ef817a8af2f5828784a4bfedd1653",
        "c0a62d77e6031bfdc6b13ae217",
        "a794a9aaee48cd92e47761bf1baff0af",
    ],
    [
        "dc776f0156c15d032623854b625c61868e5db84b7b6f9fbd3672f12f0025e0f6",
        "67130951c4a57f6ae7f13241",
        "9378a727a5119595ad631b12a5a6bc8a91756ef09c8d6eaa2b718fe86876da20",
        "fd0920faeb7b212932280a009bac969145e5c316cf3922622c3705c3457c4e9f\
         124b2076994323fbcfb523f8ed16d241",
        "6d958c20870d401a3c1f7a0ac092c97774d451c09f7aae992a8841ff0ab9d60d",
        "b876831b4ecd7242963b040aa45c4114",
    ],
    [
        "148579a3cbca86d5520d66c0ec71ca5f7e41ba78e56dc6eebd566fed547fe691",
        "b08a5ea1927499c6ecbfd4e0",
        "9d0b15fdf1bd595f91f8b3abc0f7dec927dfd4799935a1795d9ce00c9b879434\
         420fe42c275a7cd7b39d638fb81ca52b49dc41",
        "e4f963f015ffbb99ee3349bbaf7e8e8e6c2a71c230a48f9d59860a29091d2747\
         e01a5ca572347e247d25f56ba7ae8e05cde2be3c97931292c02370208ecd097e\
         f692687fecf2f419d3200162a6480a57dad408a0dfeb492e2c5d",
        "2097e372950a5e9383c675e89eea1c314f999159f5611344b298cda45e628437\
         16f215f82ee663919c64002a5c198d7878fd3f",
        "adbecdb0d5c2224d804d2886ff9a5760",
    ],
];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn cipher(key: &str) -> Cipher {
    let mut secret = Secret::zeroed();
    secret.as_mut_bytes().copy_from_slice(&bytes(key));
    Cipher::new(&secret)
}

#[test]
fn sealing_gives_the_answers_of_the_standard() {
    for [key, nonce, plain, aad, sealed, tag] in VECTORS {
        let nonce = Nonce::from_bytes(bytes(nonce).try_into().unwrap());
        let mut text = bytes(plain);
        let actual = cipher(key).seal(&nonce, &bytes(aad), &mut text);
        assert_eq!(text, bytes(sealed));
        assert_eq!(actual.to_vec(), bytes(tag));
    }
}

#[test]
fn opening_gives_back_the_text_and_a_wrong_tag_leaves_it_sealed() {
    for [key, nonce, plain, aad, sealed, tag] in VECTORS {
        let nonce = Nonce::from_bytes(bytes(nonce).try_into().unwrap());
        let mut tag: [u8; 16] = bytes(tag).try_into().unwrap();
        let mut text = bytes(sealed);
        assert_eq!(
            cipher(key).open(&nonce, &bytes(aad), &mut text, &tag),
            Ok(())
        );
        assert_eq!(text, bytes(plain));
        tag[15] ^= 1;
        let mut text = bytes(sealed);
        assert_eq!(
            cipher(key).open(&nonce, &bytes(aad), &mut text, &tag),
            Err(Mismatch)
        );
        assert_eq!(text, bytes(sealed));
    }
}
