//! The folders of this machine that the user allowed: the only places that are read and written. A path counts by where
//! it really leads, so links out of a folder are refused like paths out of it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use aquatint_domain::{Code, Problem, text};
use bytes::Bytes;

/// Largest file that is read; a server may allow less.
const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;
/// Longest path that is looked at.
const MAX_PATH_CHARS: usize = 4_096;
/// Longest name of a written file, without its ending.
const MAX_NAME_CHARS: usize = 80;
/// Names that are tried before a folder counts as full: `cup.png`, `cup-2.png`, …
const MAX_SAME_NAMES: u32 = 10_000;
/// How much of a file tells whether it is a picture or a video.
const HEAD_BYTES: usize = 64;

/// Folders by their real paths.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    allowed: Vec<PathBuf>,
    home: Option<PathBuf>,
}

/// A file that may be read.
#[derive(Debug)]
pub struct LocalFile {
    pub path: PathBuf,
    pub name: String,
    pub size: u64,
    pub modified: Option<SystemTime>,
    file: File,
}

/// Where results go.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub folder: PathBuf,
    /// The wished name, without its ending.
    pub stem: Option<String>,
}

impl Folders {
    /// Resolves the folders; one that is not there is an error that names it. Empty texts are left out, because
    /// programs that start this one put them where a setting is empty.
    pub fn new(named: &[PathBuf]) -> Result<Self, Problem> {
        let home = std::env::home_dir();
        let mut folders = Self {
            allowed: Vec::new(),
            home,
        };
        for folder in named {
            let words = folder.to_string_lossy();
            if words.trim().is_empty() || words.starts_with("${") {
                continue;
            }
            let real = fs::canonicalize(folders.at_home(folder))
                .ok()
                .filter(|real| real.is_dir());
            let real = real.ok_or_else(|| {
                Problem::invalid(
                    "folder",
                    format!("`{}` is not a folder that can be used.", folder.display()),
                )
                .hint("Make it first, or name another with --folder DIR.")
            })?;
            if !folders.allowed.contains(&real) {
                folders.allowed.push(real);
            }
        }
        Ok(folders)
    }

    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty()
    }

    /// The folders, for people.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.allowed.iter().map(|folder| folder.display().to_string()).collect();
        names.join(", ")
    }

    /// Opens a file that a tool named.
    pub fn open(&self, named: &str, field: &str) -> Result<LocalFile, Problem> {
        let path = self.read_path(named, field)?;
        let at = |problem: Problem| problem.at(field);
        let unreadable = |why: &dyn std::fmt::Display| {
            at(Problem::new(
                Code::NotFound,
                format!("`{}` cannot be read: {why}.", text::clip(named, 200)),
            ))
        };
        // What lies outside is refused before anything is told about it.
        let real = match fs::canonicalize(&path) {
            Ok(real) => real,
            Err(error) => {
                self.check(&deepest(&path), named).map_err(at)?;
                return Err(unreadable(&error));
            }
        };
        self.check(&real, named).map_err(at)?;
        let about = fs::metadata(&real).map_err(|error| unreadable(&error))?;
        if about.is_dir() {
            return Err(at(Problem::invalid(
                field,
                format!("`{}` is a folder; name the files in it.", text::clip(named, 200)),
            )));
        }
        // A pipe or a device would wait for ever, or never end.
        if !about.is_file() {
            return Err(at(Problem::invalid(
                field,
                format!("`{}` is not an ordinary file.", text::clip(named, 200)),
            )));
        }
        if about.len() > MAX_FILE_BYTES {
            return Err(at(Problem::new(
                Code::TooLarge,
                format!(
                    "`{}` has {} bytes; at most {MAX_FILE_BYTES} are read.",
                    text::clip(named, 200),
                    about.len()
                ),
            )));
        }
        let mut file = File::open(&real).map_err(|error| unreadable(&error))?;
        // The file that was looked at is the file that is open.
        let opened = file.metadata().map_err(|error| unreadable(&error))?;
        if !opened.is_file() || !is_same(&about, &opened) {
            return Err(unreadable(&"it changed while it was opened"));
        }
        let mut head = [0; HEAD_BYTES];
        let length = fill(&mut file, &mut head).map_err(|error| unreadable(&error))?;
        if !is_media(&head[..length]) {
            return Err(at(Problem::new(
                Code::UnsupportedMedia,
                format!("`{}` is neither a picture nor a video.", text::clip(named, 200)),
            )
            .hint("Pictures (jpeg, png, webp, gif, avif, heic, bmp, tiff) and videos (mp4, webm, mov) are taken; nothing else leaves this machine.")));
        }
        std::io::Seek::rewind(&mut file).map_err(|error| unreadable(&error))?;
        let name = real.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(LocalFile {
            name: name.unwrap_or_else(|| "file".to_owned()),
            path: real,
            size: opened.len(),
            modified: opened.modified().ok(),
            file,
        })
    }

    /// Where a tool wants its results: `None` is the first folder.
    pub fn place(&self, named: Option<&str>) -> Result<Place, Problem> {
        const FIELD: &str = "save_to";
        let Some(first) = self.allowed.first() else {
            return Err(no_folder().at(FIELD));
        };
        let Some(named) = named.filter(|named| !named.trim().is_empty()) else {
            return Ok(Place {
                folder: first.clone(),
                stem: None,
            });
        };
        let mut path = match looks_local(named) {
            true => self.read_path(named, FIELD)?,
            false => first.join(named),
        };
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(Problem::invalid(
                FIELD,
                "A path to save to has no `..` in it; write where it leads.",
            ));
        }
        let ends_as_folder = named.ends_with(['/', '\\']) || path.is_dir() || path.extension().is_none();
        let mut stem = None;
        if !ends_as_folder {
            stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            path.pop();
        }
        // What exists of the path must lie inside, before any folder is made, and the whole after it.
        self.check(&deepest(&path), named)
            .map_err(|problem| problem.at(FIELD))?;
        let cannot =
            |error: std::io::Error| Problem::invalid(FIELD, format!("`{}` cannot be made: {error}.", path.display()));
        fs::create_dir_all(&path).map_err(cannot)?;
        let folder = fs::canonicalize(&path).map_err(cannot)?;
        self.check(&folder, named).map_err(|problem| problem.at(FIELD))?;
        Ok(Place { folder, stem })
    }

    /// Whether a real path lies in an allowed folder.
    fn check(&self, real: &Path, named: &str) -> Result<(), Problem> {
        if self.allowed.is_empty() {
            return Err(no_folder());
        }
        if self.allowed.iter().any(|folder| real.starts_with(folder)) {
            return Ok(());
        }
        Err(Problem::new(
            Code::Forbidden,
            format!("`{}` is outside the folders that were allowed.", text::clip(named, 200)),
        )
        .hint(format!(
            "Allowed: {}. Move the file there, or let the user start this server with one more --folder DIR.",
            self.names()
        )))
    }

    /// `file://…`, `~/…` or a full path, as a path.
    fn read_path(&self, named: &str, field: &str) -> Result<PathBuf, Problem> {
        let wrong = |why: &str| Problem::invalid(field, format!("`{}` {why}", text::clip(named, 200)));
        if named.chars().count() > MAX_PATH_CHARS || named.contains('\0') {
            return Err(wrong("is not a path."));
        }
        if named
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
        {
            let url = url::Url::parse(named).map_err(|_| wrong("is not a file URL that can be read."))?;
            return url
                .to_file_path()
                .map_err(|()| wrong("names another machine; only files of this one are read."));
        }
        let path = self.at_home(Path::new(named));
        if !path.is_absolute() {
            return Err(wrong("is not a full path; begin with `/` or `~/`."));
        }
        Ok(path)
    }

    fn at_home(&self, path: &Path) -> PathBuf {
        match (&self.home, path.strip_prefix("~")) {
            (Some(home), Ok(rest)) => home.join(rest),
            _ => path.to_owned(),
        }
    }
}

impl LocalFile {
    /// Everything in it.
    pub fn read(mut self) -> Result<Bytes, Problem> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).unwrap_or(0));
        // A file that grows while it is read is read up to the limit and refused.
        let read = (&mut self.file).take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
        match read {
            Ok(_) if bytes.len() as u64 <= MAX_FILE_BYTES => Ok(bytes.into()),
            Ok(_) => Err(Problem::new(Code::TooLarge, "The file grew while it was read.")),
            Err(error) => Err(Problem::new(
                Code::NotFound,
                format!("`{}` cannot be read: {error}.", self.path.display()),
            )),
        }
    }
}

impl Place {
    /// Makes a new file for a result and gives it with its path. Nothing that exists is touched.
    pub fn create(&self, title: &str, extension: &str) -> Result<(PathBuf, File), Problem> {
        let stem = file_name(self.stem.as_deref().unwrap_or(title));
        for number in 1..=MAX_SAME_NAMES {
            let name = match number {
                1 => format!("{stem}.{extension}"),
                _ => format!("{stem}-{number}.{extension}"),
            };
            let path = self.folder.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable(&path, &error)),
            }
        }
        Err(Problem::new(
            Code::Conflict,
            format!(
                "There are {MAX_SAME_NAMES} files `{stem}` in {}.",
                self.folder.display()
            ),
        )
        .hint("Give another name in `save_to`."))
    }

    /// Writes a whole result.
    pub fn write(&self, title: &str, extension: &str, bytes: &[u8]) -> Result<PathBuf, Problem> {
        let (path, mut file) = self.create(title, extension)?;
        match file.write_all(bytes).and_then(|()| file.sync_all()) {
            Ok(()) => Ok(path),
            Err(error) => {
                // Half a picture is worse than none.
                let _ = fs::remove_file(&path);
                Err(unwritable(&path, &error))
            }
        }
    }
}

/// Whether a text is written like a path of this machine.
pub fn looks_local(named: &str) -> bool {
    let is_drive = || {
        let bytes = named.as_bytes();
        bytes.len() > 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'\\' | b'/')
    };
    (named.starts_with('/') && !named.starts_with("//"))
        || named.starts_with("~/")
        || named
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
        || is_drive()
}

/// The ending that goes with a media type.
pub fn extension_of(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or_default().trim() {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/webp" => "webp",
        "image/avif" => "avif",
        "image/gif" => "gif",
        "image/tiff" => "tif",
        "image/bmp" => "bmp",
        "video/mp4" => "mp4",
        "video/webm" => "webm",
        "video/quicktime" => "mov",
        _ => "bin",
    }
}

fn no_folder() -> Problem {
    Problem::new(
        Code::Forbidden,
        "No folder of this machine was allowed, so no file is read or written.",
    )
    .hint("Let the user start this server with --folder DIR.")
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull => Code::StorageFull,
        _ => Code::Forbidden,
    };
    Problem::new(code, format!("{} cannot be written: {error}.", path.display()))
}

/// The real path of the deepest part that exists.
fn deepest(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|part| fs::canonicalize(part).ok())
        .unwrap_or_default()
}

fn fill(file: &mut File, head: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < head.len() {
        match file.read(&mut head[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

#[cfg(unix)]
fn is_same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    a.len() == b.len() && a.modified().ok() == b.modified().ok()
}

/// A look at the first bytes, so that nothing but media leaves this machine. The server looks properly.
fn is_media(head: &[u8]) -> bool {
    let starts = |magic: &[u8]| head.starts_with(magic);
    let brand = head.get(4..8) == Some(b"ftyp");
    let riff = starts(b"RIFF") && matches!(head.get(8..12), Some(b"WEBP" | b"AVI "));
    starts(b"\x89PNG\r\n")
        || starts(b"\xff\xd8\xff")
        || starts(b"GIF8")
        || starts(b"BM")
        || starts(b"II*\0")
        || starts(b"MM\0*")
        || starts(b"\x1a\x45\xdf\xa3")
        || brand
        || riff
}

/// A title as a file name that every system takes.
fn file_name(title: &str) -> String {
    let mut name = String::with_capacity(title.len());
    for ch in title.chars().take(MAX_NAME_CHARS) {
        let is_plain = ch.is_alphanumeric() || matches!(ch, ' ' | '-' | '_' | '.' | '(' | ')' | '+' | ',');
        name.push(if is_plain { ch } else { '_' });
    }
    let name = name.trim_matches(|ch: char| ch == '.' || ch.is_whitespace());
    let base = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let is_device = matches!(base.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (base.len() == 4
            && (base.starts_with("COM") || base.starts_with("LPT"))
            && base.ends_with(|ch: char| ch.is_ascii_digit()));
    match name {
        "" => "result".to_owned(),
        name if is_device => format!("_{name}"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";

    struct Home {
        _folder: tempfile::TempDir,
        allowed: PathBuf,
        outside: PathBuf,
        folders: Folders,
    }

    fn home() -> Home {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        let (allowed, outside) = (root.join("pictures"), root.join("private"));
        fs::create_dir(&allowed).expect("made");
        fs::create_dir(&outside).expect("made");
        fs::write(allowed.join("cup.png"), PNG).expect("written");
        fs::write(allowed.join("notes.txt"), "a secret").expect("written");
        fs::write(outside.join("cup.png"), PNG).expect("written");
        let folders = Folders::new(&[allowed.clone(), PathBuf::new()]).expect("usable");
        Home {
            _folder: folder,
            allowed,
            outside,
            folders,
        }
    }

    fn text(path: &Path) -> String {
        path.display().to_string()
    }

    #[test]
    fn a_picture_in_an_allowed_folder_is_read_by_each_spelling() {
        let home = home();
        let plain = text(&home.allowed.join("cup.png"));
        for named in [
            plain.clone(),
            format!("file://{plain}"),
            format!("{}/./cup.png", text(&home.allowed)),
        ] {
            let file = home
                .folders
                .open(&named, "images")
                .unwrap_or_else(|problem| panic!("{named}: {problem:?}"));
            assert_eq!((file.name.as_str(), file.size), ("cup.png", PNG.len() as u64));
            assert_eq!(file.read().expect("readable"), PNG);
        }
    }

    #[cfg(unix)]
    #[test]
    fn everything_else_is_refused_with_what_to_do() {
        let home = home();
        let link = home.allowed.join("link.png");
        std::os::unix::fs::symlink(home.outside.join("cup.png"), &link).expect("linked");
        std::os::unix::fs::symlink(&home.outside, home.allowed.join("door")).expect("linked");
        let socket = home.allowed.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
        for (named, code) in [
            (text(&home.outside.join("cup.png")), Code::Forbidden),
            (text(&home.outside.join("not-there.png")), Code::Forbidden),
            (format!("{}/../private/cup.png", text(&home.allowed)), Code::Forbidden),
            (
                format!("file://{}/%2e%2e/private/cup.png", text(&home.allowed)),
                Code::Forbidden,
            ),
            (text(&link), Code::Forbidden),
            (text(&home.allowed.join("door/cup.png")), Code::Forbidden),
            ("/etc/passwd".to_owned(), Code::Forbidden),
            ("/proc/self/environ".to_owned(), Code::Forbidden),
            ("file://elsewhere/share/cup.png".to_owned(), Code::InvalidArgument),
            (text(&home.allowed.join("notes.txt")), Code::UnsupportedMedia),
            (text(&home.allowed.join("none.png")), Code::NotFound),
            (text(&home.allowed), Code::InvalidArgument),
            (text(&socket), Code::InvalidArgument),
        ] {
            let problem = home.folders.open(&named, "images").expect_err(&named);
            assert_eq!(problem.code, code, "{named}: {}", problem.message);
            assert_eq!(problem.field.as_deref(), Some("images"), "{named}");
        }
        let none = Folders::new(&[])
            .expect("none")
            .open("/etc/hosts", "x")
            .expect_err("nothing allowed");
        assert!(none.hint.expect("a hint").contains("--folder"));
    }

    #[test]
    fn results_never_overwrite_and_stay_inside() {
        let home = home();
        let place = home.folders.place(None).expect("the first folder");
        let paths = [(); 3].map(|()| place.write("cup", "png", PNG).expect("written"));
        let names: Vec<String> = paths
            .iter()
            .map(|path| text(path.strip_prefix(&home.allowed).expect("inside")))
            .collect();
        // `cup.png` was there before.
        assert_eq!(names, ["cup-2.png", "cup-3.png", "cup-4.png"]);
        let named = home.folders.place(Some("new/set/front.jpeg")).expect("inside");
        assert_eq!(
            (named.folder.clone(), named.stem.as_deref()),
            (home.allowed.join("new/set"), Some("front"))
        );
        let folder = home
            .folders
            .place(Some(&text(&home.allowed.join("more"))))
            .expect("inside");
        assert_eq!((folder.folder, folder.stem), (home.allowed.join("more"), None));
        for outside in [
            "../private",
            "/var/elsewhere/x.png",
            "~/elsewhere-not-allowed/",
            "a/../../private/",
        ] {
            let problem = home.folders.place(Some(outside)).expect_err(outside);
            assert_eq!(problem.field.as_deref(), Some("save_to"), "{outside}");
        }
        assert!(!home.outside.join("x.png").exists());
    }

    #[test]
    fn titles_become_file_names() {
        for (title, name) in [
            ("Blue cup", "Blue cup"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("a/b\\c:d*e", "a_b_c_d_e"),
            (".hidden", "hidden"),
            ("", "result"),
            ("...", "result"),
            ("con", "_con"),
            ("com1.png", "_com1.png"),
            ("tasse 茶碗", "tasse 茶碗"),
        ] {
            assert_eq!(file_name(title), name, "{title}");
        }
    }

    #[test]
    fn prompts_are_no_paths() {
        for local in ["/a.png", "~/a.png", "file:///a.png", "FILE:///a.png", "C:\\a.png"] {
            assert!(looks_local(local), "{local}");
        }
        for other in [
            "ast_1",
            "https://a/b",
            "a.png",
            "//cdn/a.png",
            "data:image/png;base64,",
            "a: b",
        ] {
            assert!(!looks_local(other), "{other}");
        }
    }
}
