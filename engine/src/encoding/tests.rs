//! Goal: what is encoded is decoded again bit by bit, and any other bytes are values or damage.
//! Method: shapes of numbers that monitoring knows and shapes chosen to hurt, each with patterns of
//! nulls; every encoding by itself as well as what the chooser picks; truncated, flipped and random
//! bytes to every decoder.

use proptest::prelude::*;
use schema::FieldType;

use super::choose::Choice;
use super::classes::Classes;
use super::clock::Clock;
use super::dictionary::Coded;
use super::effort::Nesting;
use super::entropy::Plan;
use super::frequencies::Frequencies;
use super::integers::write;
use super::*;
use crate::column::{Bitmap, Column, Values};

const ENCODER: PageEncoder = PageEncoder {
    effort: Effort::Cold,
    footer_text_bytes_max: 64,
};

const EFFORTS: [Effort; 2] = [Effort::Hot, Effort::Cold];

/// Integers as they come: idle, steady, noisy, stepping, periodic, scaled, and anything at all.
fn integers() -> impl Strategy<Value = Vec<i64>> {
    let len = 0..3_000usize;
    let special = prop_oneof![
        Just(i64::MIN),
        Just(i64::MAX),
        Just(0i64),
        Just(-1),
        any::<i64>()
    ];
    prop_oneof![
        (len.clone(), any::<i64>()).prop_map(|(n, value)| vec![value; n]),
        (len.clone(), any::<i64>(), any::<i64>()).prop_map(|(n, first, step)| {
            (0..n as i64)
                .map(|row| first.wrapping_add(step.wrapping_mul(row)))
                .collect()
        }),
        prop::collection::vec(special, 0..1_500),
        prop::collection::vec(-50..50i64, len.clone()),
        (prop::collection::vec(0..200i64, len.clone()), any::<i64>()).prop_map(|(steps, first)| {
            steps
                .iter()
                .scan(first, |sum, step| {
                    Some(std::mem::replace(sum, sum.wrapping_add(*step)))
                })
                .collect()
        }),
        (prop::collection::vec(0..4i64, len.clone()), 1..9usize).prop_map(|(values, times)| {
            values
                .iter()
                .flat_map(|value| vec![*value * 1_000; times])
                .collect()
        }),
        (prop::collection::vec(1..90i64, 1..60), 1..50usize, 0..9i64).prop_map(
            |(gaps, times, scale)| {
                let clock: Vec<i64> = gaps
                    .iter()
                    .scan(0, |sum, gap| {
                        *sum += gap;
                        Some(*sum * scale)
                    })
                    .collect();
                clock.repeat(times)
            }
        ),
        (len, 1..40i64, 1..5i64).prop_map(|(n, period, scale)| {
            (0..n as i64)
                .map(|row| row % period * scale * 1_000_000)
                .collect()
        }),
    ]
}

fn floats() -> impl Strategy<Value = Vec<f64>> {
    let special = prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        Just(-0.0),
        Just(f64::NAN),
        Just(f64::from_bits(0x7ff8_dead_beef_0001)),
        Just(f64::INFINITY),
        Just(f64::MIN_POSITIVE / 3.0),
        Just(1.0 / 3.0),
        Just(9_007_199_254_740_993.0),
    ];
    let decimal = (-1_000_000..1_000_000i64).prop_map(|value| value as f64 / 100.0);
    prop_oneof![
        prop::collection::vec(decimal.clone(), 0..2_000),
        prop::collection::vec(prop_oneof![30 => decimal, 1 => special.clone()], 0..2_000),
        prop::collection::vec(special.clone(), 0..500),
        (0..2_000usize, special).prop_map(|(n, value)| vec![value; n]),
        integers().prop_map(|values| values.iter().map(|value| *value as f64).collect()),
    ]
}

fn values() -> impl Strategy<Value = Values> {
    prop_oneof![
        integers().prop_map(Values::I64),
        integers().prop_map(Values::Time),
        floats().prop_map(Values::F64),
        prop::collection::vec(prop::bool::weighted(0.02), 0..3_000)
            .prop_map(|bits| Values::Bool(bits.into_iter().collect())),
        prop::collection::vec(any::<bool>(), 0..500)
            .prop_map(|bits| Values::Bool(bits.into_iter().collect())),
        prop::collection::vec("[aö\u{1f600}]{0,3}", 0..500)
            .prop_map(|texts| Values::Text(texts.iter().map(String::as_str).collect())),
        (
            prop::collection::vec("\\PC{0,90}", 1..5),
            prop::collection::vec(any::<prop::sample::Index>(), 0..1_000)
        )
            .prop_map(|(texts, picks)| Values::Text(
                picks.iter().map(|pick| pick.get(&texts).as_str()).collect()
            )),
    ]
}

/// Columns with no nulls, some, runs of them, or nothing else.
fn columns() -> impl Strategy<Value = Column> {
    (values(), 0..4u8, any::<u64>()).prop_map(|(values, pattern, seed)| {
        let rows = values.len();
        let validity =
            |valid: &dyn Fn(usize) -> bool| Some((0..rows).map(valid).collect::<Bitmap>());
        let validity = match pattern {
            0 => None,
            1 => validity(&|row| seed.rotate_left(u32::try_from(row % 64).unwrap()) & 1 == 1),
            2 => validity(&|row| row / 100 % 2 == 0),
            _ => validity(&|_| false),
        };
        Column { values, validity }
    })
}

fn decode_all(bytes: &[u8], rows: usize) -> Result<Vec<i64>, Damage> {
    let mut input = Input::new(bytes);
    let values = decode_integers(&mut input, rows)?;
    input.finish()?;
    Ok(values)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn integers_survive_what_the_chooser_picks(values in integers()) {
        for effort in EFFORTS {
        let mut bytes = Vec::new();
        encode_integers(&values, effort, &mut bytes);
        prop_assert!(bytes.len() <= 9 + values.len() * 8, "{} bytes for {} rows", bytes.len(), values.len());
        let decoded = decode_all(&bytes, values.len());
            prop_assert_eq!(decoded.as_ref(), Ok(&values));
        }
    }

    #[test]
    fn integers_survive_every_encoding_that_can_hold_them(values in integers()) {
        prop_assume!(!values.is_empty());
        let mut choices = vec![Choice::Plain, Choice::Frame, Choice::Delta(None), Choice::Runs];
        choices.extend(divisor::find(&values).map(|divisor| Choice::Divisor { divisor }));
        choices.extend(Coded::of(&values, values.len()).map(Choice::Dictionary));
        choices.extend(Clock::of(&values).map(Choice::Clock));
        let (min, max) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        choices.extend(Plan::of(&values, *min, *max).map(|(_, plan)| Choice::Entropy(plan)));
        choices.extend(step::find(&values).map(|step| Choice::Step { first: values[0], step }));
        for choice in choices {
            let mut bytes = Vec::new();
            let encoding = choice.encoding();
            write(&values, choice, Nesting::top(Effort::Hot), &mut bytes);
            let decoded = decode_all(&bytes, values.len());
            prop_assert_eq!(decoded.as_ref(), Ok(&values), "{:?}", encoding);
        }
    }

    #[test]
    fn a_number_lies_in_its_class_and_classes_are_in_order(
        value in any::<i64>(), other in any::<i64>(), base in any::<i64>(), grain in 1..=8u32, is_folded in any::<bool>(),
    ) {
        let classes = Classes { base, is_folded, grain };
        let number = classes.number(value);
        prop_assert_eq!(classes.value(number), value);
        let position = classes.position(number);
        let class = classes.class(position);
        prop_assert!(class.least <= number && (number - class.least) >> class.width == 0);
        prop_assert!(position < classes.count());
        let other = classes.number(other);
        prop_assert_eq!(position <= classes.position(other), class.least <= other);
    }

    #[test]
    fn symbols_survive_and_any_streams_are_symbols_or_damage(
        counts in prop::collection::vec(1..5_000u32, 1..=256),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..2_000),
        damage in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let frequencies = Frequencies::of(&counts);
        prop_assert_eq!(Frequencies::checked(frequencies.log, frequencies.parts.clone()), Ok(frequencies.clone()));
        let symbols: Vec<u8> = picks.iter().map(|pick| u8::try_from(pick.index(counts.len())).unwrap()).collect();
        let mut streams = tans::encode(&symbols, 0, &frequencies);
        let [first, second] = &streams;
        prop_assert_eq!(tans::decode([first, second], symbols.len(), &frequencies), Ok(symbols.clone()));
        for at in damage {
            let stream = &mut streams[at.index(2)];
            let bit = at.index(stream.len() * 8);
            stream[bit / 8] ^= 1 << (bit % 8);
        }
        let [first, second] = &streams;
        if let Ok(decoded) = tans::decode([first, second], symbols.len(), &frequencies) {
            prop_assert_eq!(decoded.len(), symbols.len());
        }
    }

    #[test]
    fn values_are_those_of_their_symbols_and_sums_add_them_up(
        counts in prop::collection::vec(1..5_000u32, 1..=256),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..3_000),
        (base, apart) in (any::<i64>(), prop_oneof![Just(0), Just(1), -300..300i64, any::<i64>()]),
        (shift, first) in (0..64u32, any::<i64>()),
    ) {
        let frequencies = Frequencies::of(&counts);
        // Near each other, or so far apart that their sums leave the room that the decoder has for them.
        let values: Vec<i64> = (0..counts.len() as i64)
            .map(|symbol| (base >> shift).wrapping_add(apart.wrapping_mul(symbol)))
            .collect();
        let symbols: Vec<u8> = picks.iter().map(|pick| u8::try_from(pick.index(counts.len())).unwrap()).collect();
        let [low, high] = &tans::encode(&symbols, 0, &frequencies);
        let expected: Vec<i64> = symbols.iter().map(|symbol| values[usize::from(*symbol)]).collect();
        let mut found = Vec::new();
        let streams = [low.as_slice(), high.as_slice()];
        tans::decode_values(streams, symbols.len(), &frequencies, &values, &mut |some| found.extend_from_slice(some)).unwrap();
        prop_assert_eq!(&found, &expected);
        let sums = expected.iter().scan(first, |sum, value| {
            *sum = sum.wrapping_add(*value);
            Some(*sum)
        });
        found.clear();
        tans::decode_sums(streams, symbols.len(), &frequencies, &values, first, &mut |some| found.extend_from_slice(some)).unwrap();
        prop_assert_eq!(found, sums.collect::<Vec<_>>());
    }

    #[test]
    fn values_that_are_handed_on_are_those_of_the_page_or_it_is_damaged(
        values in integers(), is_hot in any::<bool>(), flips in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let effort = if is_hot { Effort::Hot } else { Effort::Cold };
        let column = Column::from_values(Values::I64(values));
        let mut bytes = PageEncoder { effort, ..ENCODER }.encode(&column).bytes;
        prop_assume!(!bytes.is_empty());
        for flip in flips {
            let bit = flip.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        let mut found = Vec::new();
        let outcome = decode_integers_through(column.len(), &bytes, &mut |some| found.extend_from_slice(some));
        let whole = decode_page(FieldType::I64, column.len(), &bytes);
        match outcome {
            Ok(true) => prop_assert_eq!(Ok(Column::from_values(Values::I64(found))), whole),
            Ok(false) => prop_assert!(found.is_empty()),
            Err(damage) => prop_assert_eq!(Err(damage), whole),
        }
    }

    #[test]
    fn a_stream_of_bits_is_unpacked_as_one_lane_is(
        width in 1..=64u32, base in any::<u64>(), packed in prop::collection::vec(any::<u64>(), 1..200),
    ) {
        let bytes: Vec<u8> = packed.iter().flat_map(|word| word.to_le_bytes()).collect();
        let (words, _) = bytes.as_chunks::<8>();
        // The last word is the padding behind the stream.
        let rows = (packed.len() - 1) * 64 / width as usize;
        let (mut stream, mut lane) = (vec![0; rows], vec![0; rows]);
        prop_assert_eq!(packing::unpack_stream(&bytes, width, base, &mut stream), Some(()));
        prop_assert_eq!(packing::unpack::<1>(words, width, base, &mut lane), Some(()));
        prop_assert_eq!(stream, lane);
    }

    #[test]
    fn a_column_survives_given_any_other(
        (column, other) in (columns(), columns()), flips in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        prop_assume!(!column.is_empty() && !other.is_empty());
        let rows: Vec<u32> = (0..u32::try_from(other.len()).unwrap()).cycle().take(column.len()).collect();
        let other = other.gather(&rows);
        let (Some(own), Some(numbers)) = (Numbering::of(&column), Numbering::of(&other)) else {
            return Err(TestCaseError::fail("the values do not collide"));
        };
        let mut bytes = encode_given(&column, &own, (7, &numbers)).bytes;
        prop_assert_eq!(reference_of(&bytes), Some(7));
        prop_assert!(decode_page(column.field_type(), column.len(), &bytes).is_err());
        let decoded = decode_given(column.field_type(), &bytes, &other);
        prop_assert_eq!(decoded.as_ref(), Ok(&column));
        for flip in flips {
            let bit = flip.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        if let Ok(decoded) = decode_given(column.field_type(), &bytes, &other) {
            prop_assert_eq!(decoded.len(), column.len());
        }
    }

    #[test]
    fn doubles_survive_bit_by_bit(values in floats()) {
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        for planes in [false, true] {
            let mut bytes = Vec::new();
            if planes {
                floats::encode_planes(&values, &mut bytes);
            } else {
                floats::encode(&values, Effort::Hot, &mut bytes);
            }
            let mut input = Input::new(&bytes);
            let decoded = floats::decode(&mut input, values.len()).unwrap();
            prop_assert_eq!(bits(&decoded), bits(&values));
            prop_assert_eq!(input.finish(), Ok(()));
        }
    }

    #[test]
    fn pages_survive_with_their_nulls(column in columns(), is_hot in any::<bool>()) {
        let effort = if is_hot { Effort::Hot } else { Effort::Cold };
        let page = PageEncoder { effort, ..ENCODER }.encode(&column);
        let (rows, field_type) = (column.len(), column.field_type());
        if page.bytes.is_empty() {
            prop_assert!(matches!(page.encoding, Encoding::Nulls | Encoding::Constant | Encoding::Step));
        } else {
            prop_assert_eq!(decode_page(field_type, rows, &page.bytes), Ok(column));
        }
    }

    #[test]
    fn a_column_within_something_larger_ends_where_it_ends(column in columns()) {
        let mut bytes = Vec::new();
        encode_column(&column, Effort::Cold, &mut bytes);
        bytes.push(42);
        let mut input = Input::new(&bytes);
        let decoded = decode_column(column.field_type(), column.len(), &mut input);
        prop_assert_eq!(decoded, Ok(column));
        prop_assert_eq!(input.rest(), [42]);
    }

    #[test]
    fn a_truncated_page_is_damage(column in columns(), cut in any::<prop::sample::Index>()) {
        let page = ENCODER.encode(&column);
        prop_assume!(!page.bytes.is_empty());
        let cut = &page.bytes[..cut.index(page.bytes.len())];
        prop_assert!(decode_page(column.field_type(), column.len(), cut).is_err());
    }

    #[test]
    fn flipped_bits_give_as_many_rows_or_damage(column in columns(), flips in prop::collection::vec(any::<prop::sample::Index>(), 1..4)) {
        let mut bytes = Vec::new();
        encode_column(&column, Effort::Cold, &mut bytes);
        for flip in flips {
            let bit = flip.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        if let Ok(decoded) = decode_column(column.field_type(), column.len(), &mut Input::new(&bytes)) {
            prop_assert_eq!(decoded.len(), column.len());
        }
    }

    #[test]
    fn any_bytes_are_values_or_damage(bytes in prop::collection::vec(prop_oneof![0..16u8, any::<u8>()], 0..200), rows in 0..5_000usize) {
        for field_type in [FieldType::I64, FieldType::F64, FieldType::Bool, FieldType::Text, FieldType::Time] {
            if let Ok(column) = decode_page(field_type, rows, &bytes) {
                prop_assert_eq!(column.len(), rows);
            }
        }
    }
}

#[test]
fn a_claim_of_more_than_the_rows_allow_is_refused_before_it_is_believed() {
    let mut bytes = vec![1];
    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
    bytes.extend_from_slice(&[0; 20]);
    assert!(decode_page(FieldType::I64, 10, &bytes).is_err());
    assert!(decode_page(FieldType::Text, 10, &bytes).is_err());
}

#[test]
fn few_bytes_do_not_become_gigabytes_of_text() {
    let long = "x".repeat(1 << 20);
    let texts = Values::Text(std::iter::repeat_n(long.as_str(), 2).collect());
    let mut bytes = Vec::new();
    encode_column(&Column::from_values(texts), Effort::Cold, &mut bytes);
    // The same dictionary and the same constant code, for more rows than a page may have text.
    let rows = TEXT_BYTES_MAX / long.len() + 1;
    assert!(decode_column(FieldType::Text, rows, &mut Input::new(&bytes)).is_err());
}

#[test]
fn what_monitoring_sends_takes_few_bytes() {
    let mut seed = 1u64;
    let mut random = |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        i64::try_from((seed >> 33) % bound).unwrap()
    };
    let rows = 8_192i64;
    let bytes = |values: Values| ENCODER.encode(&Column::from_values(values)).bytes.len();

    let idle = bytes(Values::I64(vec![123_456; 8_192]));
    let steady = bytes(Values::Time(
        (0..rows).map(|row| row * 10_000_000_000).collect(),
    ));
    let series = bytes(Values::Time(
        (0..rows).map(|row| row % 720 * 10_000_000_000).collect(),
    ));
    let jitter = (0..rows).map(|row| row * 10_000_000_000 + random(3) * 1_000_000);
    let jitter = bytes(Values::Time(jitter.collect()));
    let counter = (0..rows).scan(0, |sum, _| {
        *sum += random(100);
        Some(*sum)
    });
    let counter = bytes(Values::I64(counter.collect()));
    let mostly_idle = (0..rows).scan(0, |sum, _| {
        *sum += i64::from(random(100) == 0) * 7;
        Some(*sum)
    });
    let mostly_idle = bytes(Values::I64(mostly_idle.collect()));
    let decimals = (0..rows).map(|_| random(10_000) as f64 / 100.0);
    let decimals = bytes(Values::F64(decimals.collect()));
    let blocks = bytes(Values::I64(
        (0..rows).map(|_| (1_000 + random(64)) * 8_192).collect(),
    ));
    let walk = (0..rows).scan(50i64, |value, _| {
        *value += [0, 0, 0, 1, 1, -1, -1, 2][usize::try_from(random(8)).unwrap()];
        Some(*value)
    });
    let walk = bytes(Values::I64(walk.collect()));
    let microseconds = (0..rows).map(|_| random(1_000_000) as f64 / 1_000.0);
    let microseconds = bytes(Values::F64(microseconds.collect()));
    // Three series of one clock that is never even, over and over.
    let clock: Vec<i64> = (0..700)
        .map(|row| row * 10_000_000_000 + random(1_000_000_000))
        .collect();
    let clock = bytes(Values::Time(
        clock.iter().copied().cycle().take(8_192).collect(),
    ));
    let sizes = [
        idle,
        steady,
        series,
        jitter,
        counter,
        mostly_idle,
        decimals,
        blocks,
        walk,
        microseconds,
        clock,
    ];

    assert_eq!((idle, steady), (0, 0));
    assert!(series < 200, "{sizes:?}");
    assert!(jitter < 4_096, "{sizes:?}");
    assert!(counter < 8_192, "{sizes:?}");
    assert!(mostly_idle < 500, "{sizes:?}");
    assert!(decimals < 15_500, "{sizes:?}");
    assert!(blocks < 6_700, "{sizes:?}");
    // 1.906 bits a difference are 1 952 bytes, a million numbers 20 bits, a clock 37 bits a tick.
    assert!(walk < 2_050, "{sizes:?}");
    assert!(microseconds < 20_700, "{sizes:?}");
    assert!(clock < 3_500, "{sizes:?}");
}
