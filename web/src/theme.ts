import { type ThemeConfig, theme } from "antd";

const font =
  '"Inter", "Segoe UI Variable Text", "Segoe UI", -apple-system, BlinkMacSystemFont, "Helvetica Neue", "PingFang SC", ' +
  '"Hiragino Sans GB", "Microsoft YaHei UI", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';

/** The component library's theme: the same tokens as in styles.css. */
export function themeOf(isDark: boolean, reducedMotion: boolean): ThemeConfig {
  const paint = isDark
    ? {
        colorPrimary: "#14828a",
        colorInfo: "#3f8fd6",
        colorError: "#ee957d",
        colorErrorHover: "#f5b3a1",
        colorLink: "#5ecac7",
        colorLinkHover: "#8bdcda",
        colorBgBase: "#0c181b",
        colorBgContainer: "#112024",
        colorBgElevated: "#172a2f",
        colorBgLayout: "#0c181b",
        colorTextBase: "#e4efee",
        colorBorder: "#355056",
        colorBorderSecondary: "#21363b",
        colorTextPlaceholder: "#8ea4a6",
        colorTextDescription: "#93a9ab",
        colorTextSecondary: "#a9bcbd",
        colorTextTertiary: "#93a9ab",
      }
    : {
        colorPrimary: "#0b6b73",
        colorInfo: "#2f6fb3",
        colorError: "#a63a24",
        colorErrorHover: "#bf4a31",
        colorLink: "#0b6b73",
        colorLinkHover: "#0f8a86",
        colorBgLayout: "#f4f7f7",
        colorTextBase: "#12292c",
        colorBorder: "#c9d6d7",
        colorBorderSecondary: "#e3eaea",
        colorTextPlaceholder: "#5a6e71",
        colorTextDescription: "#566b6e",
        colorTextSecondary: "#4a5f62",
        colorTextTertiary: "#5d7275",
      };
  return {
    cssVar: { key: "weir" },
    algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      ...paint,
      fontFamily: font,
      borderRadius: 7,
      borderRadiusLG: 10,
      controlHeight: 34,
      fontSize: 14,
      motion: !reducedMotion,
      wireframe: false,
    },
    components: {
      Button: { dangerColor: isDark ? "#2a0f08" : "#ffffff" },
      Table: { headerSplitColor: "transparent", cellPaddingBlockMD: 10, headerBg: "transparent" },
      Tabs: {
        horizontalItemGutter: 28,
        itemSelectedColor: paint.colorLink,
        itemHoverColor: paint.colorLinkHover,
        inkBarColor: paint.colorLink,
      },
      Segmented: { itemSelectedBg: isDark ? "#1d353b" : "#ffffff" },
    },
  };
}
