//! The signs of the interface, drawn inline so that they are there with the page.
//!
//! The drawings are Lucide's (<https://lucide.dev>), each joined into one path of a 24 × 24 field with round strokes of 2;
//! ISC licence, © Lucide Icons and Contributors, in part © Cole Bemis (Feather, MIT). The text is in `public/licences.txt`.

use leptos::prelude::*;

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The start page.
    Dashboard,
    /// A customer.
    Company,
    /// An account, a person.
    Person,
    /// A huntgroup, several people.
    People,
    /// A customer class.
    Layers,
    /// An access role.
    Shield,
    /// Codes that are dialled.
    Keypad,
    /// An administrator.
    Staff,
    /// The audit log.
    Log,
    /// A telephone, an extension.
    Phone,
    /// A call recording.
    Recording,
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// An e-mail.
    Mail,
    /// Options.
    Settings,
    /// What is going on now.
    Live,
    /// Calls that were.
    Calls,
    /// A public number.
    Number,
    /// A password.
    Key,
    /// Spy: listens.
    Ear,
    /// Whisper: speaks to one.
    Whisper,
    /// Barge-in: speaks to all.
    Voices,
    /// Search.
    Search,
    /// Close.
    Close,
    /// Chosen.
    Check,
    /// It is done.
    Done,
    /// Informs.
    Info,
    /// Needs attention.
    Warning,
    /// Back.
    Back,
    /// Previous.
    Left,
    /// Next.
    Right,
    /// Opens downwards.
    Down,
    /// Largest last.
    Up,
    /// Can be sorted, can be chosen.
    UpDown,
    /// New.
    Plus,
    /// The menu.
    Menu,
    /// Light.
    Sun,
    /// Dark.
    Moon,
    /// As the device says.
    Device,
    /// Sign out.
    SignOut,
    /// View only.
    Lock,
    /// Show.
    Eye,
    /// Download.
    Download,
    /// Nothing here.
    Empty,
    /// Take it back.
    Undo,
    /// The design system.
    Palette,
    /// Change.
    Pencil,
    /// Remove.
    Bin,
    /// Move up.
    ArrowUp,
    /// Move down.
    ArrowDown,
    /// Copy.
    Copy,
    /// Leads elsewhere.
    External,
    /// A profile.
    Card,
    /// A card to pay with.
    CreditCard,
    /// An invoice.
    Invoice,
    /// Money.
    Wallet,
}

impl Sign {
    /// All signs, for the gallery.
    pub const ALL: &[Self] = &[
        Self::Dashboard,
        Self::Company,
        Self::Person,
        Self::People,
        Self::Layers,
        Self::Shield,
        Self::Keypad,
        Self::Staff,
        Self::Log,
        Self::Phone,
        Self::Recording,
        Self::Play,
        Self::Pause,
        Self::Mail,
        Self::Settings,
        Self::Live,
        Self::Calls,
        Self::Number,
        Self::Key,
        Self::Ear,
        Self::Whisper,
        Self::Voices,
        Self::Search,
        Self::Close,
        Self::Check,
        Self::Done,
        Self::Info,
        Self::Warning,
        Self::Back,
        Self::Left,
        Self::Right,
        Self::Down,
        Self::Up,
        Self::UpDown,
        Self::Plus,
        Self::Menu,
        Self::Sun,
        Self::Moon,
        Self::Device,
        Self::SignOut,
        Self::Lock,
        Self::Eye,
        Self::Download,
        Self::Empty,
        Self::Undo,
        Self::Palette,
        Self::Pencil,
        Self::Bin,
        Self::ArrowUp,
        Self::ArrowDown,
        Self::Copy,
        Self::External,
        Self::Card,
        Self::CreditCard,
        Self::Invoice,
        Self::Wallet,
    ];

    /// The drawing.
    #[rustfmt::skip]
    const fn path(self) -> &'static str {
        match self {
            Self::Dashboard => "M4 3h5a1 1 0 0 1 1 1v7a1 1 0 0 1 -1 1h-5a1 1 0 0 1 -1 -1v-7a1 1 0 0 1 1 -1zM15 3h5a1 1 0 0 1 1 1v3a1 1 0 0 1 -1 1h-5a1 1 0 0 1 -1 -1v-3a1 1 0 0 1 1 -1zM15 12h5a1 1 0 0 1 1 1v7a1 1 0 0 1 -1 1h-5a1 1 0 0 1 -1 -1v-7a1 1 0 0 1 1 -1zM4 16h5a1 1 0 0 1 1 1v3a1 1 0 0 1 -1 1h-5a1 1 0 0 1 -1 -1v-3a1 1 0 0 1 1 -1z",
            Self::Company => "M10 12h4M10 8h4M14 21v-3a2 2 0 0 0-4 0v3M6 10H4a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h16a2 2 0 0 0 2-2V9a2 2 0 0 0-2-2h-2M6 21V5a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v16",
            Self::Person => "M7 8a5 5 0 1 0 10 0a5 5 0 1 0 -10 0M20 21a8 8 0 0 0-16 0",
            Self::People => "M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2M16 3.128a4 4 0 0 1 0 7.744M22 21v-2a4 4 0 0 0-3-3.87M5 7a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
            Self::Layers => "M12.83 2.18a2 2 0 0 0-1.66 0L2.6 6.08a1 1 0 0 0 0 1.83l8.58 3.91a2 2 0 0 0 1.66 0l8.58-3.9a1 1 0 0 0 0-1.83zM2 12a1 1 0 0 0 .58.91l8.6 3.91a2 2 0 0 0 1.65 0l8.58-3.9A1 1 0 0 0 22 12M2 17a1 1 0 0 0 .58.91l8.6 3.91a2 2 0 0 0 1.65 0l8.58-3.9A1 1 0 0 0 22 17",
            Self::Shield => "M20 13c0 5-3.5 7.5-7.66 8.95a1 1 0 0 1-.67-.01C7.5 20.5 4 18 4 13V6a1 1 0 0 1 1-1c2 0 4.5-1.2 6.24-2.72a1.17 1.17 0 0 1 1.52 0C14.51 3.81 17 5 19 5a1 1 0 0 1 1 1zM9 12l2 2 4-4",
            Self::Keypad => "M4 9L20 9M4 15L20 15M10 3L8 21M16 3L14 21",
            Self::Staff => "M14.305 19.53l.923-.382M15.228 16.852l-.923-.383M16.852 15.228l-.383-.923M16.852 20.772l-.383.924M19.148 15.228l.383-.923M19.53 21.696l-.382-.924M2 21a8 8 0 0 1 10.434-7.62M20.772 16.852l.924-.383M20.772 19.148l.924.383M5 8a5 5 0 1 0 10 0a5 5 0 1 0 -10 0M15 18a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
            Self::Log => "M15 12h-5M15 8h-5M19 17V5a2 2 0 0 0-2-2H4M8 21h12a2 2 0 0 0 2-2v-1a1 1 0 0 0-1-1H11a1 1 0 0 0-1 1v1a2 2 0 1 1-4 0V5a2 2 0 1 0-4 0v2a1 1 0 0 0 1 1h3",
            Self::Phone => "M13.832 16.568a1 1 0 0 0 1.213-.303l.355-.465A2 2 0 0 1 17 15h3a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2A18 18 0 0 1 2 4a2 2 0 0 1 2-2h3a2 2 0 0 1 2 2v3a2 2 0 0 1-.8 1.6l-.468.351a1 1 0 0 0-.292 1.233 14 14 0 0 0 6.392 6.384",
            Self::Recording => "M11 12a1 1 0 1 0 2 0a1 1 0 1 0 -2 0M2 12a10 10 0 1 0 20 0a10 10 0 1 0 -20 0",
            Self::Play => "M6 3l14 9-14 9z",
            Self::Pause => "M15 4h2a1 1 0 0 1 1 1v14a1 1 0 0 1 -1 1h-2a1 1 0 0 1 -1 -1v-14a1 1 0 0 1 1 -1zM7 4h2a1 1 0 0 1 1 1v14a1 1 0 0 1 -1 1h-2a1 1 0 0 1 -1 -1v-14a1 1 0 0 1 1 -1z",
            Self::Mail => "M22 7l-8.991 5.727a2 2 0 0 1 -2.009 0l-9 -5.727M4 4h16a2 2 0 0 1 2 2v12a2 2 0 0 1 -2 2h-16a2 2 0 0 1 -2 -2v-12a2 2 0 0 1 2 -2z",
            Self::Settings => "M14 17H5M19 7h-9M14 17a3 3 0 1 0 6 0a3 3 0 1 0 -6 0M4 7a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
            Self::Live => "M22 12h-2.48a2 2 0 0 0-1.93 1.46l-2.35 8.36a.25.25 0 0 1-.48 0L9.24 2.18a.25.25 0 0 0-.48 0l-2.35 8.36A2 2 0 0 1 4.49 12H2",
            Self::Calls => "M3 12a9 9 0 1 0 9-9 9.75 9.75 0 0 0-6.74 2.74L3 8M3 3v5h5M12 7v5l4 2",
            Self::Number => "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0 -20M12 2a14.5 14.5 0 0 0 0 20 14.5 14.5 0 0 0 0-20M2 12h20",
            Self::Key => "M2.586 17.414A2 2 0 0 0 2 18.828V21a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h1a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h.172a2 2 0 0 0 1.414-.586l.814-.814a6.5 6.5 0 1 0-4-4zM16 7.5a0.5 0.5 0 1 0 1 0a0.5 0.5 0 1 0 -1 0",
            Self::Ear => "M6 8.5a6.5 6.5 0 1 1 13 0c0 6-6 6-6 10a3.5 3.5 0 1 1-7 0M15 8.5a2.5 2.5 0 0 0-5 0v1a2 2 0 1 1 0 4",
            Self::Whisper => "M8.8 20v-4.1l1.9.2a2.3 2.3 0 0 0 2.164-2.1V8.3A5.37 5.37 0 0 0 2 8.25c0 2.8.656 3.054 1 4.55a5.77 5.77 0 0 1 .029 2.758L2 20M19.8 17.8a7.5 7.5 0 0 0 .003-10.603M17 15a3.5 3.5 0 0 0-.025-4.975",
            Self::Voices => "M11 6a13 13 0 0 0 8.4-2.8A1 1 0 0 1 21 4v12a1 1 0 0 1-1.6.8A13 13 0 0 0 11 14H5a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2zM6 14a12 12 0 0 0 2.4 7.2 2 2 0 0 0 3.2-2.4A8 8 0 0 1 10 14M8 6v8",
            Self::Search => "M21 21l-4.34-4.34M3 11a8 8 0 1 0 16 0a8 8 0 1 0 -16 0",
            Self::Close => "M18 6 6 18M6 6l12 12",
            Self::Check => "M20 6 9 17l-5-5",
            Self::Done => "M2 12a10 10 0 1 0 20 0a10 10 0 1 0 -20 0M16 9l-5.5 5.5L8 12",
            Self::Info => "M2 12a10 10 0 1 0 20 0a10 10 0 1 0 -20 0M12 16v-4M12 8h.01",
            Self::Warning => "M21.73 18l-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3M12 9v4M12 17h.01",
            Self::Back => "M12 19l-7-7 7-7M19 12H5",
            Self::Left => "M15 18l-6-6 6-6",
            Self::Right => "M9 18l6-6-6-6",
            Self::Down => "M6 9l6 6 6-6",
            Self::Up => "M18 15l-6-6-6 6",
            Self::UpDown => "M7 15l5 5 5-5M7 9l5-5 5 5",
            Self::Plus => "M5 12h14M12 5v14",
            Self::Menu => "M4 5h16M4 12h16M4 19h16",
            Self::Sun => "M8 12a4 4 0 1 0 8 0a4 4 0 1 0 -8 0M12 2v2M12 20v2M4.93 4.93l1.41 1.41M17.66 17.66l1.41 1.41M2 12h2M20 12h2M6.34 17.66l-1.41 1.41M19.07 4.93l-1.41 1.41",
            Self::Moon => "M20.985 12.486a9 9 0 1 1-9.473-9.472c.405-.022.617.46.402.803a6 6 0 0 0 8.268 8.268c.344-.215.825-.004.803.401",
            Self::Device => "M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1 -2 2h-16a2 2 0 0 1 -2 -2v-10a2 2 0 0 1 2 -2zM8 21L16 21M12 17L12 21",
            Self::SignOut => "M16 17l5-5-5-5M21 12H9M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4",
            Self::Lock => "M5 11h14a2 2 0 0 1 2 2v7a2 2 0 0 1 -2 2h-14a2 2 0 0 1 -2 -2v-7a2 2 0 0 1 2 -2zM7 11V7a5 5 0 0 1 10 0v4",
            Self::Eye => "M2.062 12.348a1 1 0 0 1 0-.696 10.75 10.75 0 0 1 19.876 0 1 1 0 0 1 0 .696 10.75 10.75 0 0 1-19.876 0M9 12a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
            Self::Download => "M12 15V3M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4M7 10l5 5 5-5",
            Self::Empty => "M22 12 16 12 14 15 10 15 8 12 2 12M5.45 5.11 2 12v6a2 2 0 0 0 2 2h16a2 2 0 0 0 2-2v-6l-3.45-6.89A2 2 0 0 0 16.76 4H7.24a2 2 0 0 0-1.79 1.11z",
            Self::Undo => "M9 14 4 9l5-5M4 9h10.5a5.5 5.5 0 0 1 5.5 5.5a5.5 5.5 0 0 1-5.5 5.5H11",
            Self::Palette => "M12 22a1 1 0 0 1 0-20 10 9 0 0 1 10 9 5 5 0 0 1-5 5h-2.25a1.75 1.75 0 0 0-1.4 2.8l.3.4a1.75 1.75 0 0 1-1.4 2.8zM13 6.5a0.5 0.5 0 1 0 1 0a0.5 0.5 0 1 0 -1 0M17 10.5a0.5 0.5 0 1 0 1 0a0.5 0.5 0 1 0 -1 0M6 12.5a0.5 0.5 0 1 0 1 0a0.5 0.5 0 1 0 -1 0M8 7.5a0.5 0.5 0 1 0 1 0a0.5 0.5 0 1 0 -1 0",
            Self::Pencil => "M21.174 6.812a1 1 0 0 0-3.986-3.987L3.842 16.174a2 2 0 0 0-.5.83l-1.321 4.352a.5.5 0 0 0 .623.622l4.353-1.32a2 2 0 0 0 .83-.497zM15 5l4 4",
            Self::Bin => "M10 11v6M14 11v6M19 6v14a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V6M3 6h18M8 6V4a2 2 0 0 1 2-2h4a2 2 0 0 1 2 2v2",
            Self::ArrowUp => "M5 12l7-7 7 7M12 19V5",
            Self::ArrowDown => "M12 5v14M19 12l-7 7-7-7",
            Self::Copy => "M10 8h10a2 2 0 0 1 2 2v10a2 2 0 0 1 -2 2h-10a2 2 0 0 1 -2 -2v-10a2 2 0 0 1 2 -2zM4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2",
            Self::External => "M15 3h6v6M10 14 21 3M18 13v6a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h6",
            Self::Card => "M16 2v2M7 21v-2a2 2 0 012-2h6a2 2 0 012 2v2M8 2v2M9 10a3 3 0 1 0 6 0a3 3 0 1 0 -6 0M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1 -2 2h-14a2 2 0 0 1 -2 -2v-14a2 2 0 0 1 2 -2z",
            Self::CreditCard => "M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1 -2 2h-16a2 2 0 0 1 -2 -2v-10a2 2 0 0 1 2 -2zM2 10L22 10",
            Self::Invoice => "M4 2v20l2-1 2 1 2-1 2 1 2-1 2 1 2-1 2 1V2l-2 1-2-1-2 1-2-1-2 1-2-1-2 1ZM14 8H8M16 12H8M13 16H8",
            Self::Wallet => "M19 7V4a1 1 0 0 0-1-1H5a2 2 0 0 0 0 4h15a1 1 0 0 1 1 1v4h-3a2 2 0 0 0 0 4h3a1 1 0 0 0 1-1v-2a1 1 0 0 0-1-1M3 5v14a2 2 0 0 0 2 2h15a1 1 0 0 0 1-1v-4",
        }
    }
}

/// Draws a sign. It says nothing to a screen reader: the word beside it does.
#[must_use]
pub fn icon(sign: Sign) -> AnyView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=sign.path() />
        </svg>
    }
    .into_any()
}
