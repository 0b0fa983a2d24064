//! Requests to drives, and what becomes of their images.

use super::*;
use crate::error::Error;

const OK: u8 = 0;
const IO_ERROR: u8 = 1;
const UNSUPPORTED: u8 = 2;
/// The drive's feature to flush.
const FLUSH: u64 = 1 << 9;

fn header(kind: u32, sector: u64) -> Vec<u8> {
    [kind.to_le_bytes().as_slice(), &[0; 4], &sector.to_le_bytes()].concat()
}

fn driver(drive: &Drive) -> Driver {
    Driver::ready(slot(drive), FLUSH)
}

impl Driver {
    /// Reads sectors: the status, and what was read.
    fn read(&mut self, sector: u64, bytes: usize) -> (u8, Vec<u8>) {
        let (written, mut room) = self.request(0, &[&header(0, sector)], &[bytes, 1]);
        let status = room.pop().unwrap();
        let expected = if status == OK || bytes == 0 { bytes as u32 + 1 } else { 0 };
        assert_eq!(written, expected, "the length of the answer");
        (status, room)
    }

    fn write(&mut self, sector: u64, bytes: &[u8]) -> u8 {
        self.request(0, &[&header(1, sector), bytes], &[1]).1[0]
    }
}

#[test]
fn sectors_are_read_written_and_flushed() {
    let image = Image::numbered(8);
    let mut driver = driver(&image.drive());
    assert_eq!(driver.read(2, 1024), (OK, [[2; 512], [3; 512]].concat()));
    assert_eq!(driver.write(3, &[0x33; 1024]), OK);
    assert_eq!(driver.request(0, &[&header(4, 0)], &[1]), (1, vec![OK]), "flush");
    assert_eq!(driver.read(2, 1536), (OK, [[2; 512], [0x33; 512], [0x33; 512]].concat()));
    assert_eq!(image.bytes()[3 * 512..5 * 512], [0x33; 1024]);
    assert_eq!(image.bytes().len(), 8 * 512);
}

#[test]
fn the_drive_has_a_name() {
    let image = Image::numbered(1);
    let mut driver = driver(&image.drive());
    let (written, answer) = driver.request(0, &[&header(8, 0)], &[20, 1]);
    assert_eq!((written, &answer[..]), (21, &b"vhart-drive-3\0\0\0\0\0\0\0\0"[..]));
    let (written, answer) = driver.request(0, &[&header(8, 0)], &[5, 1]);
    assert_eq!((written, &answer[..]), (6, &b"vhart\0"[..]));
    assert_eq!(driver.request(0, &[&header(77, 0)], &[1]), (1, vec![UNSUPPORTED]));
}

/// How a request is cut into buffers is the driver's choice. VIRTIO 1.2, 2.7.4 "Message Framing".
#[test]
fn requests_may_be_cut_anywhere() {
    let image = Image::numbered(8);
    let mut driver = driver(&image.drive());
    let head = header(0, 5);
    let (written, room) = driver.request(0, &[&head[..3], &head[3..11], &head[11..]], &[100, 413]);
    assert_eq!((written, room), (513, [&[5; 512][..], &[OK]].concat()));
    let request = [header(1, 6), vec![0x66; 512]].concat();
    let (written, room) = driver.request(0, &[&request[..200], &request[200..]], &[1]);
    assert_eq!((written, room), (1, vec![OK]));
    assert_eq!(image.bytes()[6 * 512..7 * 512], [0x66; 512]);
}

#[test]
fn what_lies_outside_the_disk_is_refused_whole() {
    let image = Image::numbered(8);
    let mut driver = driver(&image.drive());
    for sector in [8, 7, 1 << 55, 1 << 62, u64::MAX] {
        assert_eq!(driver.read(sector, 1024).0, IO_ERROR, "{sector}");
        assert_eq!(driver.write(sector, &[0x77; 1024]), IO_ERROR, "{sector}");
    }
    for length in [1, 511, 513] {
        assert_eq!(driver.read(0, length).0, IO_ERROR, "{length}");
        assert_eq!(driver.write(0, &vec![0x77; length]), IO_ERROR, "{length}");
    }
    assert_eq!(driver.read(8, 0).0, OK, "nothing at the end");
    assert_eq!(image.bytes(), Image::numbered(8).bytes());
}

#[test]
fn requests_without_header_or_status_need_a_reset() {
    let image = Image::numbered(8);
    for (bytes, room) in [(16, 0), (15, 1), (0, 513)] {
        let mut driver = driver(&image.drive());
        driver.descriptor(0, 0, (BUFFERS, bytes), NEXT, 1);
        driver.descriptor(0, 1, (BUFFERS + 0x100, room), WRITE, 0);
        driver.offer(0, 0);
        driver.notify(0);
        assert_eq!(driver.get(STATUS), LIVE | NEEDS_RESET, "{bytes} and {room} bytes");
        assert_eq!(driver.take_used(0), None);
    }
}

#[test]
fn a_drive_that_is_read_only_says_so_and_stays_as_it_is() {
    let image = Image::numbered(8);
    let mut driver = driver(&image.read_only());
    assert_eq!(driver.get(0x10) & 1 << 5, 1 << 5);
    assert_eq!(driver.write(0, &[0x77; 512]), IO_ERROR);
    assert_eq!(driver.request(0, &[&header(4, 0)], &[1]).1, [OK], "nothing to flush");
    assert_eq!(driver.read(0, 512), (OK, vec![0; 512]));
    assert_eq!(image.bytes(), Image::numbered(8).bytes());
}

#[test]
fn an_overlay_is_read_and_the_image_stays_as_it_is() {
    let image = Image::numbered(8);
    let mut driver = driver(&image.overlay());
    assert_eq!(driver.get(0x10) & 1 << 5, 0, "the guest may write");
    assert_eq!(driver.write(3, &[0x33; 1024]), OK);
    assert_eq!(driver.read(2, 2048), (OK, [[2; 512], [0x33; 512], [0x33; 512], [5; 512]].concat()));
    assert_eq!(image.bytes(), Image::numbered(8).bytes());
    driver.slot.reset();
    driver.start(FLUSH);
    assert_eq!(driver.read(3, 512), (OK, vec![3; 512]), "power-on");
}

#[test]
fn an_overlay_is_part_of_the_state() {
    let image = Image::numbered(8);
    let mut first = driver(&image.overlay());
    first.write(3, &[0x33; 512]);
    let state = first.slot.save();
    first.write(4, &[0x44; 512]);
    let mut second = driver(&image.overlay());
    second.write(5, &[0x55; 512]);
    second.slot.restore(&state).unwrap();
    second.start(FLUSH);
    assert_eq!(second.read(3, 1536), (OK, [[0x33; 512], [4; 512], [5; 512]].concat()));
}

#[test]
fn a_state_is_refused_when_the_image_is_another_one() {
    let image = Image::numbered(8);
    let state = driver(&image.drive()).slot.save();
    assert!(driver(&image.drive()).slot.restore(&state).is_ok());
    assert!(driver(&image.overlay()).slot.restore(&state).is_err(), "an overlay");
    assert!(driver(&Image::numbered(9).drive()).slot.restore(&state).is_err(), "another size");
    let mut changed = driver(&image.drive());
    changed.write(7, &[0; 512]);
    let before = changed.slot.save();
    assert!(changed.slot.restore(&state).is_err(), "another content");
    assert_eq!(changed.slot.save(), before);
}

#[test]
fn a_writer_excludes_all_others() {
    let image = Image::numbered(1);
    let refused = |drive: Drive| matches!(Disk::open(&drive), Err(Error::Unsuitable { .. }));
    let writer = Disk::open(&image.drive()).unwrap();
    assert!(refused(image.drive()) && refused(image.read_only()) && refused(image.overlay()));
    drop(writer);
    let readers =
        [image.read_only(), image.overlay(), image.read_only()].map(|drive| Disk::open(&drive).unwrap());
    assert!(refused(image.drive()));
    drop(readers);
    assert!(!refused(image.drive()));
}

#[test]
fn files_that_are_no_images_are_refused() {
    let message = |image: &Image| Disk::open(&image.drive()).unwrap_err().to_string();
    assert!(message(&Image::new(b"")).contains("is empty"));
    assert!(message(&Image::new(&[0; 513])).contains("has 513 bytes, no multiple of 512"));
    let folder = Drive { path: std::env::temp_dir(), is_read_only: true, has_overlay: false };
    assert!(Disk::open(&folder).unwrap_err().to_string().contains("is not a file"));
    let device = Drive { path: "/dev/null".into(), ..folder };
    assert!(Disk::open(&device).unwrap_err().to_string().contains("is not a file"));
}

/// An image that somebody has cut behind our back is an error of the host, not a disk that grows.
#[test]
fn an_image_that_shrinks_fails() {
    let image = Image::numbered(8);
    let mut driver = driver(&image.drive());
    fs::OpenOptions::new().write(true).open(&image.0).unwrap().set_len(512).unwrap();
    assert_eq!(driver.read(4, 512).0, IO_ERROR);
    assert_eq!(driver.read(0, 512), (OK, vec![0; 512]));
}
