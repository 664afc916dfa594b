//! Finds which columns of a page follow from which others.
//!
//! Judged by two stretches of rows of one page, and kept for the pages after it; whether a page is
//! smaller that way is seen on each page itself, until one has shown it clearly.

use crate::column::Column;
use crate::encoding::{EncodedPage, Numbering, PageEncoder, encode_given};

/// For each field the field that tells of it, by position.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    parents: Vec<Option<usize>>,
    /// For each field whether a page took far less given that field.
    clear: Vec<bool>,
}

impl Relations {
    /// Finds the relations among fields, encoded by themselves as these pages.
    pub(crate) fn find(fields: &[Column], alone: &[EncodedPage]) -> Self {
        let mut relations = Self {
            parents: vec![None; fields.len()],
            clear: vec![false; fields.len()],
        };
        let worth_it = |field: usize| {
            alone
                .get(field)
                .is_some_and(|page| page.bytes.len() >= BYTES_MIN)
        };
        if (0..fields.len()).filter(|field| worth_it(*field)).count() == 0 {
            return relations;
        }
        let samples: Vec<Option<Numbering>> = fields.iter().map(sample).collect();
        let mut gains = Vec::new();
        for (child, (own, page)) in samples.iter().zip(alone).enumerate() {
            let Some(own) = own.as_ref().filter(|_| worth_it(child)) else {
                continue;
            };
            let rows = fields.get(child).map_or(1, Column::len).max(1);
            let alone = page.bytes.len() as f64 * 8.0 * own.numbers.len() as f64 / rows as f64;
            for (parent, other) in samples.iter().enumerate() {
                let Some(other) = other.as_ref().filter(|_| parent != child) else {
                    continue;
                };
                let gain = alone - bits_given(own, other);
                if gain > alone * GAIN_MIN {
                    gains.push((gain, child, parent));
                }
            }
        }
        gains.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, child, parent) in gains {
            relations.add(child, parent);
        }
        relations
    }

    /// Encodes the pages of fields that follow those of which the relations are known.
    ///
    /// What took far less given another field is not encoded by itself only to be thrown away.
    pub(crate) fn encode(&mut self, fields: &[Column], encoder: PageEncoder) -> Vec<EncodedPage> {
        let mut given = Given::of(fields);
        let pages = fields.iter().enumerate().map(|(child, column)| {
            let Some(parent) = self.parent(child) else {
                return encoder.encode(column);
            };
            if !self.is_clear(child) {
                return self.smaller(child, parent, encoder.encode(column), &mut given);
            }
            encoder
                .without_bytes(column)
                .or_else(|| given.encode(child, parent))
                .unwrap_or_else(|| encoder.encode(column))
        });
        pages.collect()
    }

    /// Returns the pages of fields that were encoded by themselves, or smaller ones.
    pub(crate) fn shrink(
        &mut self,
        fields: &[Column],
        alone: Vec<EncodedPage>,
    ) -> Vec<EncodedPage> {
        let mut given = Given::of(fields);
        let pages = alone.into_iter().enumerate();
        let pages = pages.map(|(child, page)| match self.parent(child) {
            Some(parent) => self.smaller(child, parent, page, &mut given),
            None => page,
        });
        pages.collect()
    }

    /// Returns a page, or the one given another field if that is smaller, and remembers by how much.
    fn smaller(
        &mut self,
        child: usize,
        parent: usize,
        alone: EncodedPage,
        given: &mut Given<'_>,
    ) -> EncodedPage {
        if alone.bytes.len() < BYTES_MIN {
            return alone;
        }
        let Some(page) = given.encode(child, parent) else {
            return alone;
        };
        if let Some(is_clear) = self.clear.get_mut(child) {
            *is_clear = page.bytes.len() * CLEAR <= alone.bytes.len();
        }
        match page.bytes.len() < alone.bytes.len() {
            true => page,
            false => alone,
        }
    }

    fn is_clear(&self, child: usize) -> bool {
        self.clear.get(child).copied().unwrap_or(false)
    }

    /// Returns the field that tells of this one.
    pub(crate) fn parent(&self, field: usize) -> Option<usize> {
        self.parents.get(field).copied().flatten()
    }

    /// Adds a relation unless there is one, or a page would need too many others.
    fn add(&mut self, child: usize, parent: usize) {
        let is_free = self.parent(child).is_none() && !self.above(parent).any(|f| f == child);
        let steps = self.above(parent).count() + self.steps_below(child);
        if let Some(place) = self
            .parents
            .get_mut(child)
            .filter(|_| is_free && steps <= DEPTH_MAX)
        {
            *place = Some(parent);
        }
    }

    /// Returns the fields that a field needs, one after the other.
    fn above(&self, field: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.parent(field), |field| self.parent(*field))
    }

    /// Returns how many steps lead up to a field at most, one included for itself.
    fn steps_below(&self, field: usize) -> usize {
        let steps = |from| self.above(from).position(|above| above == field);
        let longest = (0..self.parents.len()).filter_map(steps).max();
        longest.map_or(1, |steps| steps + 2)
    }
}

/// Encodes fields given others; each is numbered once.
struct Given<'a> {
    fields: &'a [Column],
    numberings: Vec<Option<Numbering>>,
}

impl<'a> Given<'a> {
    fn of(fields: &'a [Column]) -> Self {
        Self {
            fields,
            numberings: vec![None; fields.len()],
        }
    }

    /// Encodes a field given another; nothing when too many of their values collide.
    fn encode(&mut self, child: usize, parent: usize) -> Option<EncodedPage> {
        for field in [child, parent] {
            if let (Some(place @ None), Some(column)) =
                (self.numberings.get_mut(field), self.fields.get(field))
            {
                *place = Numbering::of(column);
            }
        }
        let number = u32::try_from(parent + 1).expect("columns_max is far below 2^32");
        let numbering = |field: usize| self.numberings.get(field).and_then(Option::as_ref);
        let (own, other) = numbering(child).zip(numbering(parent))?;
        Some(encode_given(self.fields.get(child)?, own, (number, other)))
    }
}

/// Numbers the values of two stretches of rows; nothing where there is nothing to learn.
fn sample(column: &Column) -> Option<Numbering> {
    let mut rows = Column::empty(column.field_type());
    for start in [column.len() / 8, column.len() / 2] {
        rows.extend_from(column, start..column.len().min(start + STRETCH_ROWS));
    }
    let numbering = Numbering::of(&rows)?;
    (1..=rows.len() / 4)
        .contains(&numbering.distinct)
        .then_some(numbering)
        .filter(|numbering| numbering.distinct > 1)
}

/// Returns the bits that a column would take, given another.
fn bits_given(own: &Numbering, other: &Numbering) -> f64 {
    let mut last = vec![None; other.distinct];
    let mut counts = vec![(0u32, 0u32); other.distinct];
    for (number, value) in other.numbers.iter().zip(&own.numbers) {
        let at = *number as usize;
        let (Some(last), Some((rows, changes))) = (last.get_mut(at), counts.get_mut(at)) else {
            continue;
        };
        if let Some(before) = last.replace(*value) {
            *rows += 1;
            *changes += u32::from(before != *value);
        }
    }
    // Values that never change their mind take no bits behind their first row.
    let undecided = counts.iter().filter(|(_, changes)| *changes > 0);
    let (rows, changes) = undecided.fold((0.0, 0.0), |(rows, changes), (r, c)| {
        (rows + f64::from(*r), changes + f64::from(*c))
    });
    let value = (own.distinct as f64).log2() + 1.0;
    let kept = (rows * value).min(rows * entropy(changes / f64::max(rows, 1.0)) + changes * value);
    other.distinct as f64 * (value + 1.0) + kept
}

/// Returns the bits of an event of this probability.
fn entropy(probability: f64) -> f64 {
    let bits = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    bits(probability) + bits(1.0 - probability)
}

/// How many other pages may have to be decoded before one.
pub(crate) const DEPTH_MAX: usize = 2;
/// A page that is so many times smaller given another field is not tried by itself in its group.
const CLEAR: usize = 2;
/// A smaller page gains less than looking for others costs.
const BYTES_MIN: usize = 256;
const STRETCH_ROWS: usize = 512;
/// Less is not worth decoding another page.
const GAIN_MIN: f64 = 0.15;
