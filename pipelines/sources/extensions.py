"""The endings of the files that each modality reads, in lowercase."""

AUDIO_EXTENSIONS = (
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"),
    *(".aif", ".aiff", ".aifc", ".au", ".caf", ".w64"),
)
IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
VIDEO_EXTENSIONS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2ts", ".ogv", ".3gp"),
    *(".wmv", ".flv", ".gif", ".webp"),
)
CODE_EXTENSIONS = (
    *(".py", ".js", ".ts", ".java", ".kt", ".scala", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs"),
    *(".go", ".rs", ".rb", ".php", ".swift", ".jl", ".r", ".lua", ".sh", ".sql"),
)
TEXT_EXTENSIONS = (".txt", ".text", ".md", ".rst", ".tex", *CODE_EXTENSIONS)
